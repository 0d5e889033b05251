#include "sensor/core/schema.h"

#include <string.h>

/* clang-format off */
const struct label verb_labels[] = {
    {VERB_MODE,         "mode",         0, "changes how the device runs: start, stop, restart"},
    {VERB_PROGRAM,      "program",      0, "moves, activates or deletes the device's program"},
    {VERB_COMMAND,      "command",      0, "operates an output now"},
    {VERB_WRITE,        "write",        0, "writes process values"},
    {VERB_CONFIGURE,    "configure",    0, "changes settings of the device"},
    {VERB_FILE,         "file",         0, "works on files of the device"},
    {VERB_TIME,         "time",         0, "sets or synchronises the clock"},
    {VERB_AUTHENTICATE, "authenticate", 0, "proves or changes who somebody is"},
    {VERB_DIAGNOSE,     "diagnose",     0, "asks for or resets diagnostics"},
    {VERB_DISCOVER,     "discover",     0, "asks what the device is"},
    {VERB_READ,         "read",         0, "reads process values"},
    {VERB_SESSION,      "session",      0, "opens, keeps or closes a session"},
    {VERB_REPORT,       "report",       0, "tells something nobody asked for"},
    {VERB_OTHER,        "other",        0, "none of the above"},
    {0},
};

const struct label common_violations[] = {
    {VIOLATION_TRUNCATED,        "truncated",           0, "the message ends before its fields do"},
    {VIOLATION_SURPLUS,          "surplus_bytes",       0, "bytes are left over after the last field"},
    {VIOLATION_NO_REQUEST,       "unsolicited_answer",  0, "an answer that nobody asked for"},
    {VIOLATION_DUPLICATE_ANSWER, "duplicate_answer",    0, "a second answer to a request already answered"},
    {VIOLATION_CUT,              "incomplete_capture",  0, "the capture holds only a part of the message: no fault of its sender"},
    {VIOLATION_INCOMPLETE,       "incomplete_answer",   0, "an answer of several messages of which the last never came"},
    {0},
};

static const char *const type_names[FIELD_TYPES] = {
    [FIELD_BOOL] = "bool",   [FIELD_INT] = "int",           [FIELD_REAL] = "real",
    [FIELD_TEXT] = "text",   [FIELD_BYTES] = "bytes",       [FIELD_ENUM] = "enum",
    [FIELD_FLAGS] = "flags", [FIELD_TIME] = "time",         [FIELD_DURATION] = "duration",
    [FIELD_ADDRESS] = "address",
};
/* clang-format on */

const char *field_type_name(enum field_type type)
{
    return type_names[type];
}

const char *violation_name(const struct schema *s, unsigned reason)
{
    const struct label *from = reason < VIOLATION_OWN ? common_violations : s->violations;
    const struct label *l = label_of(from, reason);

    return l ? l->name : "unknown";
}

const char *verb_name(uint32_t verbs)
{
    for (const struct label *l = verb_labels; l->name; l++) {
        if (verbs & l->code)
            return l->name;
    }
    return "other";
}

const struct label *label_of(const struct label *labels, uint64_t code)
{
    for (const struct label *l = labels; l && l->name; l++) {
        if (l->code == code)
            return l;
    }
    return NULL;
}

const struct label *label_named(const struct label *labels, const char *name)
{
    for (const struct label *l = labels; l && l->name; l++) {
        if (strcmp(l->name, name) == 0)
            return l;
    }
    return NULL;
}

int schema_slot(const struct schema *schema, const char *name)
{
    for (unsigned slot = 0; slot < schema->nfields; slot++) {
        if (strcmp(schema->fields[slot].name, name) == 0)
            return (int)slot;
    }
    return -1;
}

int schema_group(const struct schema *schema, const char *name)
{
    for (unsigned group = 1; group < schema->ngroups; group++) {
        if (strcmp(schema->groups[group].name, name) == 0)
            return (int)group;
    }
    return -1;
}

int schema_flagged(const struct schema *schema, enum field_flag flag)
{
    for (unsigned slot = 0; slot < schema->nfields; slot++) {
        if (schema->fields[slot].flags & flag)
            return (int)slot;
    }
    return -1;
}
