#ifndef SENSOR_COMMANDS_H
#define SENSOR_COMMANDS_H

/*
 * The commands of the program.  Each gets its own name as argv[0], writes its
 * answer to stdout and everything else to stderr, and returns one of these.
 */

enum {
    EXIT_FINE = 0,
    EXIT_FINDINGS = 1,
    EXIT_USAGE = 2,       /* also: unreadable */
    EXIT_NOT_RUNNING = 3, /* there is no sensor to ask */
};

struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *arguments;
    const char *what;
};

int command_run(int argc, char **argv);
int command_replay(int argc, char **argv);
int command_check(int argc, char **argv);
int command_test(int argc, char **argv);
int command_fields(int argc, char **argv);
int command_explain(int argc, char **argv);
int command_rules(int argc, char **argv);
int command_alerts(int argc, char **argv);
int command_rules_live(int argc, char **argv); /* a part of rules */
int command_close(int argc, char **argv);      /* a part of alerts */
int command_status(int argc, char **argv);
int command_alert_test(int argc, char **argv);
int command_evidence(int argc, char **argv);
int command_reload(int argc, char **argv);
int command_mute(int argc, char **argv);
int command_snapshot(int argc, char **argv);

#endif
