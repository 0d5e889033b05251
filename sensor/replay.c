#include "sensor/replay.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sensor/core/now.h"
#include "sensor/health.h"

static double seconds_now(void)
{
    return (double)now_monotonic() / 1e9;
}

/* The reader knows its sources from the start: their names do not move. */
static bool name_sources(struct replay *r)
{
    size_t n = reader_sources(r->reader);

    r->sources = calloc(n + 1, sizeof *r->sources);
    if (!r->sources)
        return false;
    for (size_t i = 0; i < n; i++)
        r->sources[i] =
            (struct encode_source){reader_source_name(r->reader, (uint32_t)i), true};
    r->analysis->encoder->sources = r->sources;
    r->analysis->encoder->nsources = (unsigned)n;
    return true;
}

/* As fast as the packets came, times `speed`. */
static void keep_pace(const struct replay *r, double speed, double begun, int64_t time)
{
    double due = begun + (double)(time - r->first) / 1e9 / speed;
    double wait = due - seconds_now();

    if (wait > 0 && wait < 3600)
        nanosleep(
            &(struct timespec){(time_t)wait, (long)((wait - (double)(time_t)wait) * 1e9)},
            NULL);
}

static void show_progress(const struct replay *r, double *shown)
{
    double now = seconds_now();
    char when[TIME_TEXT];

    if (now - *shown < 1)
        return;
    *shown = now;
    fprintf(stderr, "\r%" PRIu64 " frames, at %s UTC ", r->frames,
            time_and_day(r->last, when));
    fflush(stderr);
}

static void run_all(struct replay *r, const struct replay_options *options)
{
    double begun = seconds_now(), shown = begun;
    bool progress = options->progress && isatty(STDERR_FILENO);
    struct raw raw;

    while (reader_next(r->reader, &raw)) {
        if (r->frames++ == 0)
            r->first = r->last = raw.time;
        r->bytes += raw.wire;
        if (raw.time < r->first)
            r->first = raw.time;
        if (raw.time > r->last)
            r->last = raw.time;
        if (options->speed > 0)
            keep_pace(r, options->speed, begun, raw.time);
        pipeline_packet(&r->pipeline, 0, &raw);
        if (progress && r->frames % 65536 == 0)
            show_progress(r, &shown);
    }
    if (progress && shown > begun)
        fprintf(stderr, "\r%60s\r", "");
    pipeline_end(&r->pipeline, 0);
    pipeline_join(&r->pipeline);
    r->seconds = seconds_now() - begun;
}

static void report_truncated(struct replay *r)
{
    char text[READER_TEXT];

    for (uint32_t i = 0; i < reader_sources(r->reader); i++) {
        if (reader_warning(r->reader, i, text)) {
            fprintf(stderr, "warning: %s\n", text);
            pipeline_health(&r->pipeline, CHECK_CAPTURE_TRUNCATED,
                            reader_source_name(r->reader, i), 0);
        }
    }
}

static void count(struct replay *r)
{
    pipeline_count(&r->pipeline, &r->counts);
    r->decoded = r->pipeline.fronts[0].front.decoded;
    if (r->decoded.cut)
        pipeline_health(&r->pipeline, CHECK_CAPTURE_CUT, "the capture",
                        (int64_t)r->decoded.cut);
}

static bool open_pipeline(struct replay *r, const struct replay_options *options,
                          struct analysis *analysis)
{
    struct pipeline_options o = {.worker = options->worker,
                                 .workers = options->workers,
                                 .threads = options->workers > 1,
                                 .waits = true};

    return pipeline_open(&r->pipeline, &o, NULL, analysis_sink(analysis)) &&
           pipeline_start(&r->pipeline);
}

static bool open_all(struct replay *r, const char *const *paths, size_t npaths,
                     const struct replay_options *options, char why[READER_TEXT])
{
    r->reader = reader_open(paths, npaths, NULL, why);
    if (!r->reader)
        return false;
    if (name_sources(r) && open_pipeline(r, options, r->analysis))
        return true;
    snprintf(why, READER_TEXT, "not enough memory for the tables: lower limits.flows");
    return false;
}

bool replay_run(struct replay *r, const char *const *paths, size_t npaths,
                const struct replay_options *options, struct analysis *analysis,
                char why[READER_TEXT])
{
    bool ok;

    memset(r, 0, sizeof *r);
    r->analysis = analysis;
    ok = open_all(r, paths, npaths, options, why);
    if (ok) {
        run_all(r, options);
        count(r);
        report_truncated(r);
    }
    analysis_end(analysis);
    return ok;
}

void replay_close(struct replay *r)
{
    if (r->reader)
        reader_close(r->reader);
    pipeline_close(&r->pipeline);
    free(r->sources);
}
