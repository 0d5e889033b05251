#ifndef RULES_FIELDS_H
#define RULES_FIELDS_H

/*
 * What rules may name: every field of every record, read from the schemas.
 */

#include "rules/names.h"

/*
 * All fields, or those of `name`: a protocol ("modbus"), "point", one field
 * ("modbus.function", with its labels), or Wireshark's name of it.  False, with the
 * nearest name told on `errors`, when there is no such thing.
 */
bool fields_print(const struct names *names, const char *name, FILE *out, FILE *errors);

/* The same as a JSON array of objects. */
bool fields_json(const struct names *names, const char *name, FILE *out, FILE *errors);

#endif
