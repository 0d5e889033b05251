#include "rules/parser.h"

#include <string.h>

struct parser {
    struct lexer lexer;
    struct arena *arena;
    struct diagnostics *d;
    const uint8_t *last; /* where the token before the one at hand ended */
    unsigned depth, nodes;
};

static struct syntax *parse_or(struct parser *p);

/* ---- helpers ---------------------------------------------------------------- */

static const struct token *at_hand(const struct parser *p)
{
    return &p->lexer.token;
}

static void advance(struct parser *p)
{
    p->last = p->lexer.next;
    lexer_next(&p->lexer);
}

static bool accept_word(struct parser *p, const char *word)
{
    if (!token_word(at_hand(p), word))
        return false;
    advance(p);
    return true;
}

static bool accept(struct parser *p, char punctuation)
{
    if (!token_is(at_hand(p), punctuation))
        return false;
    advance(p);
    return true;
}

/* Silent after a bad token, which was told already. */
static struct diagnostic *expected(struct parser *p, const char *what)
{
    const struct token *t = at_hand(p);

    if (t->kind == TOKEN_BAD)
        return NULL;
    if (t->kind == TOKEN_END)
        return diagnostics_error(p->d, &t->at,
                                 "the expression ends where %s should stand", what);
    return diagnostics_error(p->d, &t->at, "%s should stand here, not `%.*s`", what,
                             (int)(t->text.len < 40 ? t->text.len : 40), t->text.at);
}

static struct syntax *new_syntax(struct parser *p, enum syntax_kind kind)
{
    struct syntax *s = arena_take(p->arena, sizeof *s);

    s->kind = kind;
    s->token = *at_hand(p);
    s->at = s->token.at;
    s->text = s->token.text;
    p->nodes++;
    return s;
}

static void ends_here(struct parser *p, struct syntax *s)
{
    s->text.len = (size_t)(p->last - s->text.at);
}

/* ---- comparisons ------------------------------------------------------------ */

static bool is_value(const struct token *t)
{
    return t->kind >= TOKEN_WORD && t->kind <= TOKEN_LIST;
}

static bool parse_item(struct parser *p, struct item **out)
{
    struct item *item = arena_take(p->arena, sizeof *item);

    if (!is_value(at_hand(p)) || p->nodes > EXPRESSION_ITEMS) {
        expected(p, p->nodes > EXPRESSION_ITEMS ? "a list" : "a value");
        return false;
    }
    item->low = *at_hand(p);
    advance(p);
    if (accept(p, '.')) {
        if (!is_value(at_hand(p))) {
            expected(p, "the end of the range");
            return false;
        }
        item->range = true;
        item->high = *at_hand(p);
        advance(p);
    }
    p->nodes++;
    *out = item;
    return true;
}

static bool parse_braces(struct parser *p, struct item **out)
{
    if (accept(p, '}'))
        return true;
    do {
        if (!parse_item(p, out))
            return false;
        out = &(*out)->next;
    } while (accept(p, ','));
    if (accept(p, '}'))
        return true;
    expected(p, "`,` or `}`");
    return false;
}

static bool parse_right(struct parser *p, struct syntax *s)
{
    if (accept(p, '{')) {
        s->braces = true;
        return parse_braces(p, &s->right);
    }
    return parse_item(p, &s->right);
}

static bool word_operator(struct parser *p, enum comparison *op)
{
    static const struct {
        const char *word;
        enum comparison op;
    } words[] = {{"in", OP_IN},
                 {"contains", OP_CONTAINS},
                 {"startswith", OP_STARTSWITH},
                 {"glob", OP_GLOB}};

    for (unsigned i = 0; i < COUNT_OF(words); i++) {
        if (accept_word(p, words[i].word)) {
            *op = words[i].op;
            return true;
        }
    }
    return false;
}

/* What stands in ( ) of last("POINT", 60s) and during("schedule"). */
static bool parse_call(struct parser *p, struct syntax *s)
{
    bool last = token_word(&s->token, "last");

    if (!last && !token_word(&s->token, "during")) {
        diagnostics_error(p->d, &s->token.at, "`%.*s(...)` is not known to this version",
                          (int)(s->text.len < 40 ? s->text.len : 40), s->text.at)
            ->help = "there are last(\"POINT\", AGE) and during(\"SCHEDULE\")";
        return false;
    }
    advance(p);
    s->call = *at_hand(p);
    if (s->call.kind != TOKEN_TEXT) {
        expected(p, "a name in double quotes");
        return false;
    }
    advance(p);
    if (last && accept(p, ',')) {
        s->age = *at_hand(p);
        if (s->age.kind != TOKEN_DURATION) {
            expected(p, "an age such as 60s");
            return false;
        }
        advance(p);
    }
    if (!accept(p, ')')) {
        expected(p, "`)`");
        return false;
    }
    s->kind = last ? SYNTAX_WORD : SYNTAX_DURING;
    return true;
}

/* `field` or a call alone, or what follows it. */
static struct syntax *parse_comparison(struct parser *p)
{
    struct syntax *s = new_syntax(p, SYNTAX_WORD);
    struct place place;
    bool infix = true;

    advance(p);
    if (token_is(at_hand(p), '(') && !parse_call(p, s))
        return NULL;
    if (s->kind == SYNTAX_DURING) {
        ends_here(p, s);
        return s;
    }
    place = at_hand(p)->at;
    if (at_hand(p)->kind == TOKEN_OPERATOR) {
        s->op = at_hand(p)->op;
        advance(p);
    } else if (accept_word(p, "not")) {
        s->op = OP_NOT_IN;
        if (!accept_word(p, "in")) {
            expected(p, "`in`");
            return NULL;
        }
    } else {
        infix = word_operator(p, &s->op);
    }
    if (infix) {
        s->kind = SYNTAX_COMPARE;
        s->at = place;
        if (!parse_right(p, s))
            return NULL;
    } else if (s->call.kind == TOKEN_TEXT) {
        expected(p, "a comparison with last(...)");
        return NULL;
    }
    ends_here(p, s);
    return s;
}

/* ---- the rest --------------------------------------------------------------- */

static struct syntax *parse_group(struct parser *p)
{
    struct syntax *s;

    if (!accept(p, '(')) {
        expected(p, "`(`");
        return NULL;
    }
    s = parse_or(p);
    if (s && !accept(p, ')')) {
        expected(p, "`)`, `and` or `or`");
        return NULL;
    }
    return s;
}

static struct syntax *parse_bind(struct parser *p, enum quantifier quantifier)
{
    struct syntax *s = new_syntax(p, SYNTAX_BIND);

    advance(p);
    if (quantifier == QUANTIFIER_NONE)
        accept_word(p, "of");
    s->quantifier = quantifier;
    s->token = *at_hand(p);
    if (s->token.kind != TOKEN_WORD) {
        expected(p, "`point`, or the name of a group");
        return NULL;
    }
    advance(p);
    s->first = parse_group(p);
    ends_here(p, s);
    return s->first ? s : NULL;
}

static struct syntax *parse_exists(struct parser *p)
{
    struct syntax *s = new_syntax(p, SYNTAX_EXISTS);

    advance(p);
    s->token = *at_hand(p);
    if (s->token.kind != TOKEN_WORD) {
        expected(p, "the name of a field");
        return NULL;
    }
    advance(p);
    ends_here(p, s);
    return s;
}

static struct syntax *parse_primary(struct parser *p)
{
    static const char *const quantifiers[] = {"any", "all", "none"};
    const struct token *t = at_hand(p);

    if (token_is(t, '('))
        return parse_group(p);
    if (token_word(t, "exists"))
        return parse_exists(p);
    for (unsigned i = 0; i < COUNT_OF(quantifiers); i++) {
        if (token_word(t, quantifiers[i]))
            return parse_bind(p, (enum quantifier)i);
    }
    if (t->kind == TOKEN_WORD)
        return parse_comparison(p);
    if (is_value(t))
        expected(p, "the field, which comes first,");
    else
        expected(p, "a condition");
    return NULL;
}

static struct syntax *parse_not(struct parser *p)
{
    struct syntax *s;

    if (p->depth >= EXPRESSION_DEPTH || p->nodes >= EXPRESSION_NODES) {
        diagnostics_error(p->d, &at_hand(p)->at, "the expression is %s",
                          p->depth >= EXPRESSION_DEPTH ? "nested too deeply"
                                                       : "too long");
        return NULL;
    }
    if (!token_word(at_hand(p), "not")) {
        p->depth++;
        s = parse_primary(p);
        p->depth--;
        return s;
    }
    s = new_syntax(p, SYNTAX_NOT);
    advance(p);
    p->depth++;
    s->first = parse_not(p);
    p->depth--;
    ends_here(p, s);
    return s->first ? s : NULL;
}

/* One or more parts with the same word between. */
static struct syntax *parse_chain(struct parser *p, const char *word,
                                  enum syntax_kind kind,
                                  struct syntax *(*part)(struct parser *))
{
    const struct token start = *at_hand(p);
    struct syntax *first = part(p), *all, **last;

    if (!first || !token_word(at_hand(p), word))
        return first;
    all = new_syntax(p, kind);
    all->token = start;
    all->text.at = start.text.at;
    all->first = first;
    last = &first->next;
    while (accept_word(p, word)) {
        *last = part(p);
        if (!*last)
            return NULL;
        last = &(*last)->next;
    }
    ends_here(p, all);
    return all;
}

static struct syntax *parse_and(struct parser *p)
{
    return parse_chain(p, "and", SYNTAX_AND, parse_not);
}

static struct syntax *parse_or(struct parser *p)
{
    return parse_chain(p, "or", SYNTAX_OR, parse_and);
}

struct syntax *parse_expression(const struct yaml *scalar, struct arena *arena,
                                struct diagnostics *d)
{
    struct parser *p = arena_take(arena, sizeof *p);
    struct syntax *s;

    p->arena = arena;
    p->d = d;
    lexer_open(&p->lexer, scalar, arena, d);
    p->last = p->lexer.next;
    s = parse_or(p);
    if (s && at_hand(p)->kind != TOKEN_END) {
        expected(p, "`and`, `or` or the end");
        return NULL;
    }
    return s;
}
