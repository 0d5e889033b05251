#ifndef RULES_SENTENCE_H
#define RULES_SENTENCE_H

/*
 * The sentence of a rule: "{client} wrote {modbus.function} to {device}: {points}".
 *
 * Names in braces are fields, or one of {points}, {threshold.value}, {list};
 * {correlation.span} is how long a correlation took; {last:POINT} a point's value;
 * {point.value} and the like are of the point that decided.  `{{` is a brace.
 * They are settled at load like those of an expression.
 */

#include "rules/explain.h"
#include "rules/typer.h"

enum piece_kind {
    PIECE_TEXT,
    PIECE_FIELD,
    PIECE_POINTS,
    PIECE_THRESHOLD,
    PIECE_LIST,
    PIECE_SPAN
};

struct piece {
    enum piece_kind kind;
    struct bytes text;
    const struct operand *operand;
    struct piece *next;
};

struct sentence {
    struct piece *first;
    bool done; /* it names something of the answer */
};

/* What a sentence may name besides fields. */
struct sentence_has {
    bool threshold, list, correlation;
};

/* False, and all errors told, when a name is unknown. */
bool sentence_compile(const struct names *names, const struct yaml *scalar,
                      struct sentence_has has, struct arena *arena, struct diagnostics *d,
                      struct sentence *out);

/* `f` says what was counted, and how long a correlation took. */
void sentence_write(const struct sentence *t, const struct context *c, const char *list,
                    const struct finding *f, struct words *w);

#endif
