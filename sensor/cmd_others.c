#include "sensor/commands.h"
int command_check(int argc, char **argv){(void)argc;(void)argv;return 2;}
int command_test(int argc, char **argv){(void)argc;(void)argv;return 2;}
int command_fields(int argc, char **argv){(void)argc;(void)argv;return 2;}
