#include "sensor/ceiling.h"

#include <inttypes.h>

#include "sensor/live.h"

enum { PROGRAM = 24 }; /* MiB: with its libraries */

static const uint64_t mib = UINT64_C(1) << 20;

static void add(struct ceiling *c, const char *name, uint64_t bytes)
{
    c->rows[c->n++] = (struct ceiling_row){name, bytes};
    c->sum += bytes;
}

/* A sensor without ports is counted with one. */
static unsigned groups_of(const struct config *c)
{
    const char *groups[CONFIG_INTERFACES];
    unsigned n = capture_groups(c, groups);

    return n ? n : 1;
}

/* With several, records on their way to analysis are not free for their worker. */
static void add_workers(struct ceiling *sum, const struct config *c, uint64_t n)
{
    size_t records = n > 1 ? c->records + (size_t)LANE_OUT : c->records;
    struct worker_memory m =
        worker_memory(&(struct worker_options){.flows = c->flows,
                                               .pending = c->pending_requests,
                                               .records = records,
                                               .classify = c->ndpi});

    add(sum, "flows", n * m.flows);
    add(sum, "streams", n * m.streams);
    add(sum, "records", n * m.records);
    add(sum, "conversations", n * m.conversations);
    if (c->ndpi)
        add(sum, "nDPI", n * m.classifier);
    add(sum, "rings of workers", n * (LANE_IN + LANE_OUT * sizeof(struct passage)));
}

struct ceiling ceiling_of(const struct config *c, const struct ruleset *rules)
{
    struct ceiling sum = {.n = 0};
    struct alerts_config alerts = alerts_defaults();
    uint64_t kernel = 0;

    for (unsigned i = 0; i < c->ninterfaces; i++)
        kernel += c->interfaces[i].ring;
    alerts.save = true;
    add(&sum, "kernel's rings", kernel);
    add(&sum, "packet rings", groups_of(c) * c->packet_ring);
    add_workers(&sum, c, (uint64_t)groups_of(c) * c->workers);
    /* while others are taken over there are two sets */
    add(&sum, "rules", rules ? 2 * ruleset_memory(rules) : 0);
    add(&sum, "alerts", alerts_memory(&alerts) + sizeof(struct analysis));
    add(&sum, "evidence", evidence_memory(c) + c->evidence_send);
    add(&sum, "outbox and outputs", outputs_ceiling(c) + LIVE_EVENTS + LIVE_DELIVERIES);
    add(&sum, "program", PROGRAM * mib);
    return sum;
}

static bool workers_fit(const struct config *c, struct diagnostics *d)
{
    unsigned groups = groups_of(c);

    if (groups * c->workers <= PIPELINE_LANES)
        return true;
    diagnostics_error(d, NULL,
                      "%u interface groups with %u workers each are %u; at most %u",
                      groups, c->workers, groups * c->workers, PIPELINE_LANES)
        ->help = "lower capture.workers; more than there are processors help nobody";
    return false;
}

bool ceiling_check(const struct ceiling *ceiling, const struct config *c,
                   struct diagnostics *d)
{
    bool ok = workers_fit(c, d);

    if (ceiling->sum <= c->memory)
        return ok;
    diagnostics_error(d, NULL,
                      "the tables add up to %" PRIu64
                      " MiB; limits.memory allows %" PRIu64 " MiB",
                      ceiling->sum / mib, c->memory / mib)
        ->help =
        "lower limits.flows, limits.records or the rings, or raise limits.memory";
    return false;
}

/* In the largest unit that leaves a digit: "612 MiB", "1 GiB". */
static void print_size(uint64_t bytes, FILE *out)
{
    if (bytes >= 1024 * mib && bytes % (1024 * mib) == 0)
        fprintf(out, "%" PRIu64 " GiB", bytes / (1024 * mib));
    else
        fprintf(out, "%" PRIu64 " MiB", (bytes + mib - 1) / mib);
}

void ceiling_print(const struct ceiling *ceiling, const struct config *c, FILE *out)
{
    for (unsigned i = 0; i < ceiling->n; i++)
        fprintf(out, "  %-20s %7.1f MiB\n", ceiling->rows[i].name,
                (double)ceiling->rows[i].bytes / (double)mib);
    fputs("memory at the limits: ", out);
    print_size(ceiling->sum, out);
    fputs(" of ", out);
    print_size(c->memory, out);
    fputc('\n', out);
}
