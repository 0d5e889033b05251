#ifndef CORE_ADDRESS_H
#define CORE_ADDRESS_H

/*
 * An IPv4 or IPv6 address, and how people write both it and a MAC address.
 *
 * Bytes past the family's length are zero, so that two addresses are equal
 * exactly when all their bytes are.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ADDRESS_NONE = 0, ADDRESS_V4 = 4, ADDRESS_V6 = 6 };
enum { ADDRESS_TEXT = 46, MAC_TEXT = 18, MAC_SIZE = 6 };

struct address {
    uint8_t bytes[16];
    uint8_t family; /* ADDRESS_NONE, _V4 or _V6: also the version on the wire */
};

struct address address_v4(const uint8_t four[4]);
struct address address_v6(const uint8_t sixteen[16]);

/* Below, at or above zero; IPv4 sorts before IPv6. */
int address_compare(const struct address *a, const struct address *b);
bool address_equal(const struct address *a, const struct address *b);

/* True when the first `bits` bits of both are the same; false across families. */
bool address_in(const struct address *a, const struct address *net, unsigned bits);

/* "10.20.3.7" or "2001:db8::1"; returns out, which holds ADDRESS_TEXT bytes. */
const char *address_text(const struct address *a, char out[ADDRESS_TEXT]);

/* False, with *a untouched, when text is no address. */
bool address_parse(const char *text, struct address *a);

/* "00:80:f4:0e:51:c7"; returns out, which holds MAC_TEXT bytes. */
const char *mac_text(const uint8_t mac[MAC_SIZE], char out[MAC_TEXT]);

#endif
