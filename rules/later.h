#ifndef RULES_LATER_H
#define RULES_LATER_H

/*
 * Names the language has and this version has nothing behind: a rule that uses one
 * loads, sleeps and says so.  Each goes from here when what it names is there.
 */

#include "rules/names.h"

/* Why a name has no value yet, a sentence without a stop; NULL: it is no such name. */
const char *later_name(const struct names *names, const struct scope *scope,
                       struct bytes name);

/* The same for a word that stands for a protocol. */
const char *later_protocol(const struct names *names, struct bytes name);

/* Why a table of points may be missing among the labels, or NULL: all are there. */
const char *later_table(const struct names *names);

/* Why no record of a kind comes, or NULL: it does. */
const char *later_kind(enum record_kind kind);

#endif
