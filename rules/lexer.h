#ifndef RULES_LEXER_H
#define RULES_LEXER_H

/*
 * The words of an expression, each with its place in the file.
 *
 * It reads the text as it stands in the file, so that line and column hold also
 * in a folded block.  Tokens borrow from that text; texts in quotes are unescaped
 * into the arena.
 */

#include "sensor/core/address.h"
#include "sensor/core/yaml.h"

enum token_kind {
    TOKEN_END,
    TOKEN_BAD, /* told already */
    TOKEN_WORD,
    TOKEN_INT,
    TOKEN_REAL,
    TOKEN_DURATION,
    TOKEN_IP, /* an address or a network */
    TOKEN_MAC,
    TOKEN_TEXT,
    TOKEN_LIST, /* $name */
    TOKEN_OPERATOR,
    TOKEN_PUNCTUATION, /* ( ) { } , .. */
};

enum comparison {
    OP_EQ,
    OP_NE,
    OP_LT,
    OP_LE,
    OP_GT,
    OP_GE,
    OP_IN,
    OP_NOT_IN,
    OP_CONTAINS,
    OP_STARTSWITH,
    OP_GLOB,
};

/* Addresses as text that sorts: a byte of kind, then the bytes, zeros behind. */
enum { HOST_KEY = 17 };

struct token {
    enum token_kind kind;
    struct place at;
    struct bytes text; /* as written */
    enum comparison op;
    char punctuation;                      /* '.' is the range */
    int64_t i;                             /* INT; DURATION in ns */
    double r;                              /* REAL; also INT */
    uint8_t low[HOST_KEY], high[HOST_KEY]; /* IP, MAC */
    struct bytes string;                   /* TEXT unescaped; WORD, LIST: the name */
};

struct lexer {
    struct arena *arena;
    struct diagnostics *d;
    const uint8_t *next, *end;
    struct place at;    /* of next */
    bool fixed;         /* the text is not the file's: everything is at one place */
    struct token token; /* the one at hand */
};

/* Begins at the first token of a scalar. */
void lexer_open(struct lexer *l, const struct yaml *scalar, struct arena *arena,
                struct diagnostics *d);

/* The next token; after an error the text ends. */
void lexer_next(struct lexer *l);

bool token_is(const struct token *t, char punctuation);
bool token_word(const struct token *t, const char *word);

/* The bytes a host key is made of: 4 or 16 of IP, 6 of MAC. */
void host_key(struct bytes address, uint8_t key[HOST_KEY]);

/* An address, network or MAC as lowest and highest key; false when it is none. */
bool host_parse(struct bytes text, uint8_t low[HOST_KEY], uint8_t high[HOST_KEY]);

#endif
