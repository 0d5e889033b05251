#ifndef RULES_PROGRAM_H
#define RULES_PROGRAM_H

/*
 * An expression after its names and types were settled: what is evaluated.
 *
 * Every comparison with constants is one question, "is a value of this operand in
 * that set?", so == in < glob all end in set_holds().  A comparison with an absent
 * value is false, negated or not; with several values, the plain form means one of
 * them and the negated none.  The tree is constant once built, lives in the rule
 * set's arena and is evaluated without allocation by any number of threads.
 */

#include "rules/parser.h"
#include "rules/schedule.h"
#include "sensor/core/common.h"

enum { OPERAND_SOURCES = 8, FUNCTION_CODES = 256, SCHEMAS_MAX = 32 };

/* ---- sets ------------------------------------------------------------------- */

enum set_kind { SET_INTS, SET_REALS, SET_MASK, SET_TEXTS, SET_HOSTS, SET_KINDS };

enum text_match { MATCH_EQUAL, MATCH_CONTAINS, MATCH_STARTS, MATCH_GLOB };

struct range_int {
    int64_t low, high;
};

struct range_real {
    double low, high;
};

struct range_host {
    uint8_t low[HOST_KEY], high[HOST_KEY];
};

/* Ranges are sorted and apart from one another, texts are sorted: set_close(). */
struct set {
    enum set_kind kind;
    enum text_match match; /* of TEXTS */
    const char *list;      /* its name, when it is one the site fills; else NULL */
    unsigned n;            /* of the array that belongs to kind */
    unsigned room;
    unsigned entries; /* as people count them, before ranges were merged */
    uint64_t mask;
    union {
        struct range_int *ints;
        struct range_real *reals;
        struct bytes *texts;
        struct range_host *hosts;
        void *items;
    };
};

void set_add_int(struct set *s, struct arena *a, int64_t low, int64_t high);
void set_add_real(struct set *s, struct arena *a, double low, double high);
void set_add_text(struct set *s, struct arena *a, struct bytes text);
void set_add_host(struct set *s, struct arena *a, const uint8_t *low,
                  const uint8_t *high);
/* All addresses of an asset of the site; false when there is none of this name. */
bool set_add_asset(struct set *s, struct arena *a, const struct site *site,
                   const char *name);
void set_close(struct set *s);
bool set_holds_int(const struct set *s, int64_t i);
bool set_holds(const struct set *s, const struct datum *value);

/* ---- operands --------------------------------------------------------------- */

enum source_kind {
    SOURCE_COMMON,
    SOURCE_FIELD, /* of a schema */
    SOURCE_POINT, /* of the point that is bound */
    SOURCE_ROW,   /* of the row that is bound */
    SOURCE_LAST,  /* last("POINT", age): the slot is the point's number */
};

/* What else must be so for a Wireshark name to be there: tcp.port, ip.src. */
enum need { NEED_NOTHING, NEED_TCP, NEED_UDP, NEED_V4, NEED_V6 };

struct origin {
    uint8_t kind; /* enum source_kind */
    uint8_t side; /* 0: request, else response; or enum field_side */
    uint8_t need;
    uint8_t schema; /* index; of FIELD, ROW */
    uint16_t slot;
};

/* A field as an expression names it; a Wireshark name may stand for several. */
struct operand {
    const char *name;
    enum field_type type;
    const struct label *labels;
    int64_t age; /* ns, of LAST */
    unsigned n;  /* 0: a field of a later version, which has no value */
    struct origin from[OPERAND_SOURCES];
};

/* ---- nodes ------------------------------------------------------------------ */

enum node_op {
    NODE_AND,
    NODE_OR,
    NODE_NOT,
    NODE_PROTOCOL, /* the record's schema is in `mask` */
    NODE_SET,      /* left in set */
    NODE_FIELDS,   /* left compare right */
    NODE_EXISTS,
    NODE_BOOL,
    NODE_POINTS, /* quantifier over points: `run` holds for all of a run or none */
    NODE_ROWS,   /* quantifier over rows of a group */
    NODE_DURING, /* the record's time is in `schedule` */
    NODE_FALSE,  /* after an error, or of a later version */
};

struct node {
    uint8_t op;         /* enum node_op */
    uint8_t quantifier; /* of POINTS, ROWS */
    uint8_t compare;    /* enum comparison, of FIELDS */
    uint8_t group;      /* of ROWS */
    bool negated;       /* of SET: none of the values */
    bool plain;         /* of SET: one number of the protocol, outside of any group */
    uint8_t schema;     /* of ROWS */
    uint64_t mask;      /* of PROTOCOL */
    const struct node *first, *next;
    const struct node *run; /* of POINTS */
    const struct operand *left, *right;
    const struct set *set;
    const struct schedule *schedule;
    struct bytes text; /* as written, white space made one */
};

/* A record being looked at. */
struct context {
    const struct record *record;
    unsigned schema;           /* index of the record's schema */
    const struct point *point; /* bound, or NULL */
    const struct row *row;     /* bound, or NULL */
    struct point *decided;     /* out: the point for which `any` was true, or NULL */
    bool has_decided;
};

bool evaluate(const struct node *n, struct context *c);

/* The values of an operand, one by one: start with a zeroed walk. */
struct walk {
    unsigned source, nth, at;
};
bool operand_next(const struct operand *o, const struct context *c, struct walk *w,
                  struct datum *out);

/* All values as people read them, "-" when absent. */
void operand_text(const struct operand *o, const struct context *c, char *out,
                  size_t size);

/* ---- what a record must have for an expression to be true --------------------- */

enum { SLOT_ANY = 0xffff };

/* Necessary, not sufficient: quick to ask of a record. */
struct reach {
    bool possible;
    bool violation;    /* at least one */
    uint32_t verbs;    /* one of them, 0: any */
    uint32_t outcomes; /* bit mask */
    uint64_t functions[FUNCTION_CODES / 64];
    bool functions_other; /* a code above, or none */
    uint16_t slot;        /* a field it must have, or SLOT_ANY */
};
struct reach node_reach(const struct node *n, unsigned schema, const struct schema *s);

#endif
