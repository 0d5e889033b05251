#include "alerts/finding.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* clang-format off */
const struct label severity_labels[] = {
    {SEVERITY_INFO,     "info",     0, "good to know"},
    {SEVERITY_LOW,      "low",      0, "worth a look this week"},
    {SEVERITY_MEDIUM,   "medium",   0, "worth a look today"},
    {SEVERITY_HIGH,     "high",     0, "worth a call"},
    {SEVERITY_CRITICAL, "critical", 0, "somebody acts on the process now"},
    {0},
};
/* clang-format on */

static const unsigned lowest_score[SEVERITIES] = {0, 20, 40, 70, 90};

enum severity severity_of_score(unsigned score)
{
    unsigned severity = SEVERITIES - 1;

    while (score < lowest_score[severity])
        severity--;
    return severity;
}

static bool names(const char *pattern, const char *name)
{
    size_t len = strlen(pattern);

    if (!name)
        return false;
    if (len > 0 && pattern[len - 1] == '*')
        return strncmp(pattern, name, len - 1) == 0;
    return strcmp(pattern, name) == 0;
}

bool signature_is(const struct signature *s, const char *pattern)
{
    char number[16];

    snprintf(number, sizeof number, "%" PRIu32, s->id);
    return names(pattern, s->name) || names(pattern, s->detection) ||
           names(pattern, number);
}

unsigned score_of_severity(enum severity severity)
{
    return lowest_score[severity];
}
