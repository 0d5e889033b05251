#ifndef RULES_PARSER_H
#define RULES_PARSER_H

/*
 * The shape of an expression, before anybody asked what its names mean.
 *
 *     or < and < not < comparison
 *
 * README.md has the grammar.  The tree lives in the arena; its tokens borrow from
 * the file's text.  Nesting is bounded by EXPRESSION_DEPTH.
 */

#include "rules/lexer.h"

enum { EXPRESSION_DEPTH = 48, EXPRESSION_NODES = 4096, EXPRESSION_ITEMS = 16384 };

enum syntax_kind {
    SYNTAX_OR,
    SYNTAX_AND,
    SYNTAX_NOT,
    SYNTAX_COMPARE, /* left op right */
    SYNTAX_WORD,    /* a macro, a protocol, a bool field */
    SYNTAX_EXISTS,
    SYNTAX_BIND,   /* any point (...) */
    SYNTAX_DURING, /* during("shift") */
};

enum quantifier { QUANTIFIER_ANY, QUANTIFIER_ALL, QUANTIFIER_NONE };

/* One value on the right, or low..high. */
struct item {
    struct token low, high;
    bool range;
    struct item *next;
};

struct syntax {
    enum syntax_kind kind;
    struct token token; /* WORD, EXISTS: the name; COMPARE: left; BIND: the group */
    struct place at;    /* of the operator, or of the first word */
    struct bytes text;  /* all of it, as written */
    struct syntax *first, *next; /* parts of OR, AND, NOT, BIND */
    enum quantifier quantifier;
    struct token call, age; /* last(call, age), during(call): TEXT, DURATION or END */
    enum comparison op;
    bool braces; /* right stands in { } */
    struct item *right;
};

/* NULL, with the error told, when it cannot be read. */
struct syntax *parse_expression(const struct yaml *scalar, struct arena *arena,
                                struct diagnostics *d);

#endif
