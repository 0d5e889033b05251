#ifndef RULES_EXPLAIN_H
#define RULES_EXPLAIN_H

/*
 * Why an expression is true or false of a record, in words; and values as people
 * read them.  Only for matches and questions, never for every record.
 */

#include "alerts/finding.h"
#include "rules/program.h"

/* Text that is put together in a fixed room: what no longer fits is cut. */
struct words {
    char *at;
    size_t size, len;
};
void words_open(struct words *w, char *out, size_t size);
void words_add(struct words *w, struct bytes text);
void words_put(struct words *w, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

void words_duration(struct words *w, int64_t ns);
void words_datum(struct words *w, const struct datum *value);

/* All values of an operand with commas between, "-" when absent. */
void words_operand(struct words *w, const struct operand *o, const struct context *c);

/* "holding_register 100 = 4711"; of a run of them the first few. */
void words_point(struct words *w, const struct record *r, const struct point *p);
void words_points(struct words *w, const struct record *r);

/* What made it true: "verb == write: write", at most FINDING_MATCHED. */
void explain_matched(const struct node *root, struct context *c, struct finding *f);

/* What is false first; false when nothing is. */
bool explain_false(const struct node *root, struct context *c, struct words *w);

#endif
