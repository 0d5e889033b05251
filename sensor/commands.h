#ifndef SENSOR_COMMANDS_H
#define SENSOR_COMMANDS_H

/*
 * The commands of the program.  Each gets its own name as argv[0], writes its
 * answer to stdout and everything else to stderr, and returns one of these.
 */

enum {
    EXIT_FINE = 0,
    EXIT_FINDINGS = 1,
    EXIT_USAGE = 2, /* also: unreadable */
};

struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *arguments;
    const char *what;
};

int command_replay(int argc, char **argv);
int command_check(int argc, char **argv);
int command_test(int argc, char **argv);
int command_fields(int argc, char **argv);

#endif
