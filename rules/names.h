#ifndef RULES_NAMES_H
#define RULES_NAMES_H

/*
 * What a name in an expression may mean: a field of ours, Wireshark's name of it,
 * a protocol, a macro, a list.
 *
 * All of it is read from the schemas' tables.  The structure borrows the schemas;
 * macros and lists belong to the rule set that fills them in.
 */

#include "rules/program.h"

enum list_type { LIST_HOST, LIST_NUMBER, LIST_TEXT, LIST_POINT, LIST_TYPES };

struct value_list {
    const char *name;
    enum list_type type;
    struct place at;
    const struct source *file; /* what `at` names once all is loaded */
    bool filled;               /* not a placeholder any more */
    bool used;                 /* some rule asks it */
    bool of_package;           /* its declaration is shipped */
    bool replaced;             /* `set` is what a test put in */
    struct set set;            /* what rules ask: never moves */
    struct set shipped;        /* what was loaded, while a test has put in its own */
    struct value_list *next;
};

enum macro_state { MACRO_UNTYPED, MACRO_BEING_TYPED, MACRO_TYPED };

struct macro {
    const char *name;
    struct place at;
    const struct syntax *syntax; /* NULL after an error */
    const struct node *node;
    enum macro_state state;
    bool done; /* it needs the answer */
    bool used; /* some rule says it */
    bool shipped;
    const char *later; /* see struct program */
    struct macro *next;
};

struct names {
    const struct schema *const *schemas;
    unsigned n;
    struct macro *macros;
    struct value_list *lists;
    struct schedule *schedules;
    const struct site *site; /* or NULL: no zones, no assets, no points have names */
};

/* What is bound where a name stands. */
struct scope {
    bool point;
    const struct group *group; /* NULL: no row is */
    unsigned schema, group_index;
};

/* The index of a schema, -1 when there is none. */
int names_schema(const struct names *names, struct bytes name);
unsigned names_index(const struct names *names, const struct schema *schema);

struct macro *names_macro(const struct names *names, struct bytes name);
struct schedule *names_schedule(const struct names *names, struct bytes name);
struct value_list *names_list(const struct names *names, struct bytes name);

enum found { FOUND_NOTHING, FOUND_FIELD, FOUND_MIXED };

/* FOUND_MIXED: a Wireshark name of fields whose types differ. */
enum found names_operand(const struct names *names, const struct scope *scope,
                         struct bytes name, struct operand *out);

/* Offers every name a field may have in this scope. */
void names_offer(const struct names *names, const struct scope *scope,
                 struct nearest *nearest, struct arena *arena);

/*
 * The tables of words a TEXT field can hold, at most `most`; 0: any text.  Fields
 * whose words are in no table (`protocol`) have none here.
 */
unsigned names_words(const struct names *names, const struct origin *from,
                     const struct label **tables, unsigned most);

/* True when it comes only with the answer, or when all is over. */
bool names_needs_done(const struct names *names, const struct origin *from);

bool bytes_are(struct bytes b, const char *text);

#endif
