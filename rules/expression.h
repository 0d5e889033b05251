#ifndef RULES_EXPRESSION_H
#define RULES_EXPRESSION_H

/*
 * An expression alone, as in `replay --filter`.  It owns its memory and borrows the
 * schemas; expression_holds() allocates nothing.
 */

#include "rules/typer.h"

struct expression;

/* NULL, and all errors told under `name`, when it cannot be used. */
struct expression *expression_open(const struct schema *const *schemas, unsigned n,
                                   const char *name, const char *text,
                                   struct diagnostics *d);
void expression_close(struct expression *e);

bool expression_holds(const struct expression *e, const struct record *r);

#endif
