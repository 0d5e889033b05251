/*
 * SHA-1 over, in network order:
 *
 *      seed (2) | low address | high address | protocol | 0 | low port | high port
 *
 * Base 64 of the digest stands after "1:".
 */

#include "sensor/core/community.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <string.h>

enum { TCP = 6, UDP = 17, SCTP = 132, LONGEST = 2 + 16 + 16 + 2 + 4 };

static size_t put_port(uint8_t *out, uint16_t port)
{
    out[0] = (uint8_t)(port >> 8);
    out[1] = (uint8_t)port;
    return 2;
}

static void compute(struct community_entry *e)
{
    size_t size = e->low.family == ADDRESS_V4 ? 4 : 16, n = 2;
    uint8_t input[LONGEST] = {0}, digest[SHA_DIGEST_LENGTH];

    memcpy(input + n, e->low.bytes, size);
    n += size;
    memcpy(input + n, e->high.bytes, size);
    n += size;
    input[n++] = e->protocol;
    input[n++] = 0;
    n += put_port(input + n, e->low_port);
    n += put_port(input + n, e->high_port);
    SHA1(input, n, digest);
    memcpy(e->text, "1:", 2);
    EVP_EncodeBlock((unsigned char *)e->text + 2, digest, sizeof digest);
}

static bool has_one(const struct parties *p)
{
    return (p->protocol == TCP || p->protocol == UDP || p->protocol == SCTP) &&
           p->client.family != ADDRESS_NONE && p->client.family == p->server.family;
}

static struct community_entry entry_of(const struct parties *p)
{
    struct community_entry e = {p->client,      p->server,   p->client_port,
                                p->server_port, p->protocol, {0}};
    int order = address_compare(&p->client, &p->server);

    if (order > 0 || (order == 0 && p->client_port > p->server_port)) {
        e.low = p->server;
        e.high = p->client;
        e.low_port = p->server_port;
        e.high_port = p->client_port;
    }
    return e;
}

static bool same(const struct community_entry *a, const struct community_entry *b)
{
    return a->low_port == b->low_port && a->high_port == b->high_port &&
           a->protocol == b->protocol && address_equal(&a->low, &b->low) &&
           address_equal(&a->high, &b->high);
}

/* Spreads well enough: whoever makes two flows meet costs us a hash, no more. */
static unsigned place_of(const struct community_entry *e)
{
    unsigned h = e->low_port * 31u + e->high_port;

    for (unsigned i = 0; i < sizeof e->low.bytes; i++)
        h = h * 31u + e->low.bytes[i] + e->high.bytes[i] * 7u;
    return (h ^ h >> 16) % COMMUNITY_KEPT;
}

const char *community_id(struct community *c, const struct parties *p)
{
    struct community_entry wanted, *kept;

    if (!has_one(p))
        return NULL;
    wanted = entry_of(p);
    kept = &c->kept[place_of(&wanted)];
    if (kept->text[0] == '\0' || !same(kept, &wanted)) {
        compute(&wanted);
        *kept = wanted;
    }
    return kept->text;
}
