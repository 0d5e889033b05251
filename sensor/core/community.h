#ifndef CORE_COMMUNITY_H
#define CORE_COMMUNITY_H

/*
 * Community ID version 1 (github.com/corelight/community-id-spec), seed 0: the
 * same text for both directions of a conversation in every tool that knows it.
 *
 * A hash is dear beside the rest of a line, so the ids of recent flows are kept;
 * a flow pushes out the one that had its place before.
 */

#include "sensor/core/record.h"

enum { COMMUNITY_TEXT = 32, COMMUNITY_KEPT = 64 };

struct community {
    struct community_entry {
        struct address low, high;
        uint16_t low_port, high_port;
        uint8_t protocol;
        char text[COMMUNITY_TEXT];
    } kept[COMMUNITY_KEPT];
};

/* "1:oanHHG0N..."; NULL where it has none here: no addresses, or no ports. */
const char *community_id(struct community *c, const struct parties *p);

#endif
