#include "alerts/finding.h"

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

unsigned score_of_severity(enum severity severity)
{
    return lowest_score[severity];
}
