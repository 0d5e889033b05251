#ifndef RULES_TYPER_H
#define RULES_TYPER_H

/*
 * Gives the names of an expression their meaning and every comparison its type.
 *
 * All errors of an expression are told, each at its word; what is wrong becomes
 * a node that is false, so that the rest is looked at too.
 */

#include "rules/names.h"

enum { PROGRAM_LISTS = 8 };

struct program {
    const struct node *root; /* NULL after an error */
    bool done;               /* it needs the answer, or that none came */
    const char *later;       /* why it cannot be true in this version, or NULL */
    unsigned nlists;
    const struct value_list *lists[PROGRAM_LISTS]; /* it asks */
};

/* False, and the errors told, when it cannot be used. */
bool type_expression(const struct names *names, const struct syntax *syntax,
                     struct arena *arena, struct diagnostics *d, struct program *out);

/* Parses and types the `when` of a rule: names of a later version make out->later. */
bool compile_rule(const struct names *names, const struct yaml *scalar,
                  struct arena *arena, struct diagnostics *d, struct program *out);

/* The same for expressions outside of rules, such as `--filter`: they are errors. */
bool compile_expression(const struct names *names, const struct yaml *scalar,
                        struct arena *arena, struct diagnostics *d, struct program *out);

/*
 * A field alone, as in `track: [client]`; NULL, and the error told, when it is none.
 * One of a later version has no sources and never a value.
 */
const struct operand *type_field(const struct names *names, const struct yaml *scalar,
                                 struct arena *arena, struct diagnostics *d);

#endif
