#include "sensor/mutes.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sensor/core/json.h"

bool mute_covers(const struct mute *m, const struct signature *s, uint64_t root)
{
    return m->root ? m->root == root : signature_is(s, m->what);
}

int mutes_match(const struct mutes *m, const struct signature *s, uint64_t root,
                enum severity severity, int64_t now)
{
    for (unsigned i = 0; i < m->n; i++) {
        const struct mute *mute = &m->list[i];

        if (now < mute->until && (severity < SEVERITY_CRITICAL || mute->critical) &&
            mute_covers(mute, s, root))
            return (int)i;
    }
    return -1;
}

/* ---- changes ------------------------------------------------------------------- */

static struct mute *find(struct mutes *m, const char *what)
{
    for (unsigned i = 0; i < m->n; i++) {
        if (strcmp(m->list[i].what, what) == 0)
            return &m->list[i];
    }
    return NULL;
}

bool mutes_add(struct mutes *m, const struct mute *mute)
{
    struct mute *at = find(m, mute->what);
    uint64_t suppressed = at ? at->suppressed : 0;

    if (!at && m->n == MUTES_MAX)
        return false;
    if (!at)
        at = &m->list[m->n++];
    *at = *mute;
    at->suppressed += suppressed;
    m->generation++;
    return true;
}

static void drop(struct mutes *m, struct mute *at)
{
    m->n--;
    memmove(at, at + 1, (size_t)(m->list + m->n - at) * sizeof *at);
    m->generation++;
}

bool mutes_remove(struct mutes *m, const char *what)
{
    struct mute *at = find(m, what);

    if (at)
        drop(m, at);
    return at != NULL;
}

unsigned mutes_expire(struct mutes *m, int64_t now)
{
    unsigned before = m->n;

    for (unsigned i = m->n; i-- > 0;) {
        if (m->list[i].until <= now)
            drop(m, &m->list[i]);
    }
    return before - m->n;
}

void mutes_count(struct mutes *m, struct mutes_counts *before,
                 const struct mutes_counts *counts)
{
    if (counts->generation != m->generation)
        return;
    if (before->generation != m->generation)
        *before = (struct mutes_counts){.generation = m->generation};
    for (unsigned i = 0; i < m->n; i++)
        m->list[i].suppressed += counts->suppressed[i] - before->suppressed[i];
    *before = *counts;
}

void mutes_json(const struct mutes *m, struct json *j)
{
    json_array(j, "mutes");
    for (unsigned i = 0; i < m->n; i++) {
        const struct mute *mute = &m->list[i];

        json_object(j, NULL);
        json_text(j, "what", mute->what);
        if (mute->root)
            json_id(j, "root_cause", mute->root);
        json_bool(j, "critical", mute->critical);
        json_text(j, "who", mute->who);
        json_uint(j, "uid", mute->uid);
        json_text(j, "why", mute->why);
        json_int(j, "since", mute->since);
        json_int(j, "until", mute->until);
        json_uint(j, "suppressed", mute->suppressed);
        json_object_end(j);
    }
    json_array_end(j);
}
