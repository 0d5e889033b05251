#include "sensor/verbs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/core/json.h"
#include "sensor/evidence_file.h"
#include "sensor/health.h"

const char verb_evidence_takes[] = "id";
const char verb_mute_takes[] = "what why [for] [critical]";
const char verb_unmute_takes[] = "what";
const char verb_test_takes[] = "[state]";

/* ---- evidence -------------------------------------------------------------------- */

static void list_files(const struct evidence_files *found, struct json *j)
{
    char name[EVIDENCE_FILE_NAME];

    json_uint(j, "found", found->all);
    json_array(j, "files");
    for (unsigned i = 0; i < found->n; i++)
        json_text(j, NULL, evidence_file_name(&found->name[i], name));
    json_array_end(j);
}

bool verb_evidence(const char *directory, const struct control_call *call, struct json *j)
{
    const char *id = control_text(call, "id");
    struct evidence_files found;
    int fd;

    if (!id || !evidence_file_is_id(id))
        return control_refuse(call, "sightglass evidence 437df536 -o alert.pcapng",
                              "an id has 4 to 16 hexadecimal digits");
    if (!evidence_file_find(directory, id, &found))
        return control_refuse(call, NULL, "cannot look into %.120s: %s", directory,
                              strerror(errno));
    list_files(&found, j);
    if (found.n == 0)
        return control_refuse(call, "old evidence makes room for new: evidence.total",
                              "there is no evidence of an alert %s", id);
    if (found.several)
        return control_refuse(call, "give more digits",
                              "more than one alert begins with %s", id);
    fd = evidence_file_open(directory, &found.name[0]);
    if (fd < 0)
        return control_refuse(call, NULL, "cannot open the evidence of %s: %s", id,
                              strerror(errno));
    return control_pass(call->control, call->id, fd) ||
           control_refuse(call, NULL, "there is no room for a file in the answer");
}

/* ---- mutes ------------------------------------------------------------------------- */

enum { HOURS_MOST = 366 * 24 };
_Static_assert(sizeof((struct verb_error *)0)->error >= MUTES_TEXT, "mutes_save() fits");
static const int64_t hour = 3600 * NS_PER_S;

/* Signatures that a mute is about, and those of them that are critical. */
struct cover {
    unsigned n, critical;
    struct nearest nearest;
};

static void cover(struct cover *c, const struct mute *m, const struct signature *s)
{
    bool covers = mute_covers(m, s, 0);

    c->n += covers;
    c->critical += covers && s->severity == SEVERITY_CRITICAL;
    nearest_offer(&c->nearest, s->name);
    if (s->detection)
        nearest_offer(&c->nearest, s->detection);
}

static struct cover cover_of(const struct ruleset *rules, const struct mute *m)
{
    struct cover c = {0};

    nearest_open(&c.nearest, m->what);
    for (const struct rule *r = rules ? ruleset_rules(rules) : NULL; r; r = r->next) {
        if (r->alert)
            cover(&c, m, &r->signature);
    }
    for (unsigned i = 1; i < CHECKS; i++)
        cover(&c, m, &health_signatures[i]);
    return c;
}

/* What the words are about: signatures, or an alert. */
static bool aim(const struct verb_mutes *v, const struct control_call *call,
                const struct mute *m, uint64_t *low, uint64_t *high)
{
    struct cover c = cover_of(v->rules, m);
    char hint[CONTROL_TEXT] = "sightglass mute 437df536 --why TEXT";

    if (c.n == 0 && evidence_file_bounds(m->what, low, high))
        return true;
    if (c.nearest.best)
        snprintf(hint, sizeof hint, "did you mean %.100s?", c.nearest.best);
    if (c.n == 0)
        return control_refuse(call, hint, "no rule, detection or alert is called %s",
                              m->what);
    if (c.n == c.critical && !m->critical)
        return control_refuse(call, "--critical, if that is really meant",
                              "%s is critical", m->what);
    return true;
}

static bool take_text(char *out, size_t size, const struct control_call *call,
                      const char *name)
{
    const char *text = control_text(call, name);
    size_t len = text ? strlen(text) : 0;

    if (len == 0)
        return control_refuse(call, NULL, "\"%s\" is a text", name);
    if (len >= size)
        return control_refuse(call, NULL, "\"%s\" has at most %zu bytes", name, size - 1);
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            return control_refuse(call, NULL, "\"%s\" is one line of text", name);
    }
    memcpy(out, text, len + 1);
    return true;
}

bool verb_mute_read(const struct verb_mutes *v, const struct control_call *call,
                    struct mute *m, uint64_t *low, uint64_t *high)
{
    int64_t length = control_int(call, "for", hour);

    *low = *high = 0;
    *m = (struct mute){.critical = control_flag(call, "critical"), .uid = call->who.uid};
    if (!take_text(m->what, sizeof m->what, call, "what") ||
        !take_text(m->why, sizeof m->why, call, "why"))
        return false;
    if (length <= 0 || length > HOURS_MOST * hour)
        return control_refuse(call, "a rule for good: rules.disabled",
                              "a mute lasts at most %d days", HOURS_MOST / 24);
    m->since = v->now;
    m->until = v->now + length;
    snprintf(m->who, sizeof m->who, "%s", call->who.name);
    return aim(v, call, m, low, high);
}

__attribute__((format(printf, 3, 4))) static bool
fail(struct verb_error *why, const char *hint, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(why->error, sizeof why->error, format, args);
    va_end(args);
    why->hint = hint;
    return false;
}

bool verb_mute_found(struct mute *m, unsigned n, uint64_t root, struct verb_error *why)
{
    if (n == 0)
        return fail(why, "the signature of an alert names its rule",
                    "there is no alert %s", m->what);
    if (n > 1)
        return fail(why, "give more digits", "%u alerts begin with %s", n, m->what);
    m->root = root;
    return true;
}

static bool keep(const struct verb_mutes *v, const struct mutes *before,
                 struct verb_error *why)
{
    uint32_t generation = v->mutes->generation;

    if (mutes_save(v->mutes, v->file, why->error))
        return true;
    why->hint = "nothing was changed";
    *v->mutes = *before;
    v->mutes->generation = generation + 1;
    return false;
}

bool verb_mute_keep(const struct verb_mutes *v, const struct mute *m, struct json *j,
                    struct verb_error *why)
{
    struct mutes before = *v->mutes;

    if (!mutes_add(v->mutes, m))
        return fail(why, "sightglass mute --list; sightglass mute --off WHAT",
                    "there are %d mutes already", MUTES_MAX);
    if (!keep(v, &before, why))
        return false;
    json_text(j, "what", m->what);
    json_int(j, "until", m->until);
    json_bool(j, "critical", m->critical);
    if (m->root)
        json_id(j, "root_cause", m->root);
    else
        json_uint(j, "signatures", cover_of(v->rules, m).n);
    return true;
}

bool verb_unmute(const struct verb_mutes *v, const struct control_call *call,
                 struct json *j)
{
    struct mutes before = *v->mutes;
    const char *what = control_text(call, "what");
    struct verb_error why;

    if (!what || !mutes_remove(v->mutes, what))
        return control_refuse(call, "sightglass mute --list", "%.100s is not muted",
                              what ? what : "that");
    json_text(j, "what", what);
    return keep(v, &before, &why) || control_refuse(call, why.hint, "%s", why.error);
}

/* ---- the test alert ------------------------------------------------------------------ */

static bool carries_health(const struct config *c, const char *name)
{
    for (unsigned i = 0; i < c->noutputs; i++) {
        if (strcmp(c->outputs[i].name, name) == 0)
            return c->outputs[i].what & (OUTPUT_HEALTH | OUTPUT_ALERTS);
    }
    return false;
}

void verb_test_state(const struct status_outputs *s, const struct config *c,
                     struct json *j)
{
    json_id(j, "alert_id", s->test.alert_id);
    json_int(j, "raised", s->test.raised);
    json_int(j, "committed", s->test.committed);
    json_array(j, "outputs");
    for (unsigned i = 0; i < s->n; i++) {
        json_object(j, NULL);
        json_text(j, "name", s->output[i].name);
        json_text(j, "type", s->output[i].type);
        json_bool(j, "carries", carries_health(c, s->output[i].name));
        json_int(j, "delivered", s->test.delivered[i]);
        json_text(j, "error", s->output[i].error);
        json_object_end(j);
    }
    json_array_end(j);
}

/* ---- what is wrong with files ---------------------------------------------------------- */

void verb_diagnostics(const struct diagnostics *d, struct json *j)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    json_uint(j, "errors", d->errors);
    json_uint(j, "warnings", d->warnings);
    if (!out)
        return;
    diagnostics_print(d, out);
    if (fclose(out) == 0)
        json_text(j, "text", text);
    free(text);
}
