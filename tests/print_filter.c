/*
 * Prints the display filter of a transaction told in arguments:
 * CLIENT SERVER CLIENT_PORT SERVER_PORT UNIT FUNCTION SECONDS.NS SECONDS.NS
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/filter.h"
#include "sensor/core/clock.h"
#include "tests/sample.h"

static int64_t time_of(const char *text)
{
    char *point;
    int64_t seconds = strtoll(text, &point, 10);

    return seconds * NS_PER_S + (*point ? strtoll(point + 1, NULL, 10) : 0);
}

static void message(struct record *r, unsigned side, char **argv)
{
    struct message m = {.side = (uint8_t)side};

    m.time = time_of(argv[side == SIDE_REQUEST ? 7 : 8]);
    record_message(r, &m, NULL);
    record_set(r, SAMPLE_UNIT, strtoull(argv[5], NULL, 10));
    record_set(r, SAMPLE_FUNCTION, strtoull(argv[6], NULL, 10));
}

int main(int argc, char **argv)
{
    static struct record_pool pool;
    char filter[FILTER_TEXT];
    struct record *r;

    if (argc != 9 || !record_pool_open(&pool, 1))
        return 2;
    r = record_take(&pool, &sample_schema);
    if (!address_parse(argv[1], &r->parties.client) ||
        !address_parse(argv[2], &r->parties.server))
        return 2;
    r->parties.client_port = (uint16_t)strtoul(argv[3], NULL, 10);
    r->parties.server_port = (uint16_t)strtoul(argv[4], NULL, 10);
    r->parties.protocol = 6;
    message(r, SIDE_REQUEST, argv);
    message(r, SIDE_RESPONSE, argv);
    if (!filter_text(r, false, filter))
        return 1;
    puts(filter);
    return 0;
}
