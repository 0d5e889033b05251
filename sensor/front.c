#include "sensor/front.h"

#include <string.h>

#include "sensor/core/hash.h"

static const int64_t JUMP_FORWARD = 3600 * NS_PER_S;
static const int64_t JUMP_BACK = 5 * NS_PER_S;
static const int64_t LIVE_STEP = 5 * NS_PER_S;

void front_open(struct front *f)
{
    *f = (struct front){.clock = clock_at_rest(JUMP_FORWARD, JUMP_BACK)};
}

void front_take(struct front *f, const struct raw *raw, struct arrival *out)
{
    out->jump = clock_tick(&f->clock, raw->time) + f->jump;
    f->jump = 0;
    out->now = f->clock.now;
    decode(raw, &out->packet, &f->decoded);
    out->packet.number = ++f->number;
    f->latest = (struct stream_origin){raw->time, raw->frame, raw->source, out->now};
}

/* From here on a packet's own time is no evidence of a jump: what is lost on a quiet
 * wire are packets, not time. */
static void begin_live(struct front *f, int64_t wall, int64_t ahead)
{
    f->clock = clock_at_rest(INT64_MAX, INT64_MAX);
    clock_tick(&f->clock, wall);
    f->ahead = ahead;
}

void front_watch(struct front *f, int64_t wall, int64_t monotonic)
{
    int64_t step = wall - monotonic - f->ahead;

    if (!f->clock.started) {
        begin_live(f, wall, wall - monotonic);
        return;
    }
    if (step < LIVE_STEP && step > -LIVE_STEP)
        return;
    f->ahead += step;
    f->clock.offset -= step;
    f->clock.jumps++;
    f->jump += step;
}

int64_t front_idle(struct front *f, int64_t wall)
{
    int64_t now = wall + f->clock.offset;

    if (f->clock.started && now > f->clock.now)
        f->clock.now = now;
    return f->clock.now;
}

/* Adding up what the two sides differ in forgets who sent. */
uint32_t packet_spread(const struct packet *p)
{
    uint64_t sum = p->protocol, part[2];

    for (unsigned half = 0; half < 2; half++) {
        const struct address *a = half ? &p->dst : &p->src;

        memcpy(part, a->bytes, sizeof part);
        sum +=
            (part[0] + (half ? p->dst_port : p->src_port)) * UINT64_C(0x9e3779b97f4a7c15);
        sum += part[1] * UINT64_C(0xc2b2ae3d27d4eb4f);
    }
    sum ^= sum >> 29;
    return (uint32_t)((sum * UINT64_C(0xbf58476d1ce4e5b9)) >> 32);
}
