/*
 * Names, verbs and fields of S7comm: all that JSON, rules, documents and the comparison
 * with Wireshark know of it.
 */

#include <inttypes.h>
#include <stdio.h>

#include "dissectors/s7/s7.h"

/* clang-format off */
static const struct label rosctrs[] = {
    {ROSCTR_JOB,      "job",      0, "asks for something"},
    {ROSCTR_ACK,      "ack",      0, "answers without data"},
    {ROSCTR_ACK_DATA, "ack_data", 0, "answers"},
    {ROSCTR_USERDATA, "userdata", 0, "services of the operating system"},
    {0},
};

static const struct label jobs[] = {
    {CPU_SERVICES,     "cpu_services",     0, "by its parameters"},
    {READ_VAR,         "read_var",         0, "reads variables"},
    {WRITE_VAR,        "write_var",        0, "writes variables"},
    {REQUEST_DOWNLOAD, "request_download", 0, "a block is about to go to the PLC"},
    {DOWNLOAD_BLOCK,   "download_block",   0, "the PLC fetches a piece of it"},
    {DOWNLOAD_ENDED,   "download_ended",   0, "the PLC has all of it"},
    {START_UPLOAD,     "start_upload",     0, "a block is about to be fetched"},
    {UPLOAD,           "upload",           0, "fetches a piece of it"},
    {END_UPLOAD,       "end_upload",       0, "it was the last piece"},
    {PI_START,         "plc_control",      0, "a program invocation service; see `pi_service`, whose verbs count"},
    {PLC_STOP,         "plc_stop",         0, "stops the CPU"},
    {SETUP,            "setup_communication", 0, "agrees on jobs at once and the length of a PDU"},
    {0},
};

const struct label s7_functions[] = {
    {CPU_SERVICES,     "cpu_services",     VERB_OTHER, "by its parameters"},
    {READ_VAR,         "read_var",         VERB_READ, "reads variables"},
    {WRITE_VAR,        "write_var",        VERB_WRITE, "writes variables"},
    {REQUEST_DOWNLOAD, "request_download", VERB_PROGRAM, "a block is about to go to the PLC"},
    {DOWNLOAD_BLOCK,   "download_block",   VERB_PROGRAM, "the PLC fetches a piece of it"},
    {DOWNLOAD_ENDED,   "download_ended",   VERB_PROGRAM, "the PLC has all of it"},
    {START_UPLOAD,     "start_upload",     VERB_PROGRAM | VERB_READ, "a block is about to be fetched"},
    {UPLOAD,           "upload",           VERB_PROGRAM | VERB_READ, "fetches a piece of it"},
    {END_UPLOAD,       "end_upload",       VERB_PROGRAM | VERB_READ, "it was the last piece"},
    {PI_START,         "plc_control",      VERB_COMMAND, "a program invocation service; see `pi_service`, whose verbs count"},
    {PLC_STOP,         "plc_stop",         VERB_MODE, "stops the CPU"},
    {SETUP,            "setup_communication", VERB_SESSION, "agrees on jobs at once and the length of a PDU"},
    {USERDATA_OF(GROUP_MODE, 0),        "mode_transition",   VERB_REPORT, "the CPU has changed its mode"},
    {USERDATA_OF(GROUP_PROGRAMMER, 1),  "block_status",      VERB_DIAGNOSE, "watches a block at work"},
    {USERDATA_OF(GROUP_PROGRAMMER, 2),  "variable_status",   VERB_READ, "watches variables"},
    {USERDATA_OF(GROUP_PROGRAMMER, 3),  "output_istack",     VERB_DIAGNOSE, "reads the interrupt stack"},
    {USERDATA_OF(GROUP_PROGRAMMER, 4),  "output_bstack",     VERB_DIAGNOSE, "reads the block stack"},
    {USERDATA_OF(GROUP_PROGRAMMER, 5),  "output_lstack",     VERB_DIAGNOSE, "reads the local data stack"},
    {USERDATA_OF(GROUP_PROGRAMMER, 6),  "time_measurement",  VERB_DIAGNOSE, "measures run time"},
    {USERDATA_OF(GROUP_PROGRAMMER, 7),  "force_selection",   VERB_DIAGNOSE, "chooses what is forced"},
    {USERDATA_OF(GROUP_PROGRAMMER, 8),  "modify_variable",   VERB_WRITE, "sets variables, once or in each cycle"},
    {USERDATA_OF(GROUP_PROGRAMMER, 9),  "force",             VERB_WRITE | VERB_COMMAND, "holds inputs and outputs at a value, whatever the program does"},
    {USERDATA_OF(GROUP_PROGRAMMER, 10), "breakpoint",        VERB_DIAGNOSE | VERB_MODE, "stops the program where it is reached"},
    {USERDATA_OF(GROUP_PROGRAMMER, 11), "exit_hold",         VERB_MODE, "lets the program go on"},
    {USERDATA_OF(GROUP_PROGRAMMER, 12), "memory_reset",      VERB_MODE | VERB_PROGRAM, "wipes the program and the data"},
    {USERDATA_OF(GROUP_PROGRAMMER, 13), "disable_job",       VERB_DIAGNOSE, "a job rests"},
    {USERDATA_OF(GROUP_PROGRAMMER, 14), "enable_job",        VERB_DIAGNOSE, "a job works"},
    {USERDATA_OF(GROUP_PROGRAMMER, 15), "delete_job",        VERB_DIAGNOSE, "ends a job"},
    {USERDATA_OF(GROUP_PROGRAMMER, 16), "read_job_list",     VERB_DIAGNOSE, "which jobs there are"},
    {USERDATA_OF(GROUP_PROGRAMMER, 17), "read_job",          VERB_DIAGNOSE, "what a job is"},
    {USERDATA_OF(GROUP_PROGRAMMER, 18), "replace_job",       VERB_DIAGNOSE, "changes a job"},
    {USERDATA_OF(GROUP_PROGRAMMER, 19), "block_status_v2",   VERB_DIAGNOSE, "watches a block at work"},
    {USERDATA_OF(GROUP_PROGRAMMER, 22), "flash_led",         VERB_DISCOVER, "the CPU shows where it is"},
    {USERDATA_OF(GROUP_CYCLIC, 1),      "cyclic_transfer",   VERB_READ, "asks for variables again and again"},
    {USERDATA_OF(GROUP_CYCLIC, 4),      "unsubscribe",       VERB_SESSION, "ends that"},
    {USERDATA_OF(GROUP_CYCLIC, 5),      "change_driven_transfer", VERB_READ, "asks for variables when they change"},
    {USERDATA_OF(GROUP_CYCLIC, 7),      "change_driven_modify", VERB_READ, "changes what is asked for"},
    {USERDATA_OF(GROUP_CYCLIC, 8),      "read_record",       VERB_READ, "reads a data record of a module"},
    {USERDATA_OF(GROUP_BLOCK, 1),       "list_blocks",       VERB_DISCOVER, "how many blocks of each type there are"},
    {USERDATA_OF(GROUP_BLOCK, 2),       "list_blocks_of_type", VERB_DISCOVER, "which blocks of a type there are"},
    {USERDATA_OF(GROUP_BLOCK, 3),       "get_block_info",    VERB_DISCOVER, "the head of a block"},
    {USERDATA_OF(GROUP_CPU, 1),         "read_szl",          VERB_DISCOVER, "reads the system status list; see `szl_list`"},
    {USERDATA_OF(GROUP_CPU, 2),         "message_service",   VERB_SESSION, "asks to be told of events"},
    {USERDATA_OF(GROUP_CPU, 3),         "diagnostic_message", VERB_REPORT, "an entry of the diagnostic buffer"},
    {USERDATA_OF(GROUP_CPU, 5),         "alarm_8_indication", VERB_REPORT, "an alarm came or went"},
    {USERDATA_OF(GROUP_CPU, 6),         "notify_indication", VERB_REPORT, "a message came or went"},
    {USERDATA_OF(GROUP_CPU, 7),         "alarm_8_lock",      VERB_CONFIGURE, "alarms are not told any more"},
    {USERDATA_OF(GROUP_CPU, 8),         "alarm_8_unlock",    VERB_CONFIGURE, "alarms are told again"},
    {USERDATA_OF(GROUP_CPU, 9),         "scan_indication",   VERB_REPORT, "a scanned value changed"},
    {USERDATA_OF(GROUP_CPU, 11),        "alarm_acknowledge", VERB_COMMAND, "an operator has seen the alarm"},
    {USERDATA_OF(GROUP_CPU, 12),        "alarm_acknowledged", VERB_REPORT, "that an operator has seen it"},
    {USERDATA_OF(GROUP_CPU, 13),        "alarm_locked",      VERB_REPORT, "that alarms are locked"},
    {USERDATA_OF(GROUP_CPU, 14),        "alarm_unlocked",    VERB_REPORT, "that alarms are unlocked"},
    {USERDATA_OF(GROUP_CPU, 17),        "alarm_sq_indication", VERB_REPORT, "an alarm that wants an acknowledgement"},
    {USERDATA_OF(GROUP_CPU, 18),        "alarm_s_indication", VERB_REPORT, "an alarm that wants none"},
    {USERDATA_OF(GROUP_CPU, 19),        "alarm_query",       VERB_READ, "which alarms there are"},
    {USERDATA_OF(GROUP_CPU, 22),        "notify_8_indication", VERB_REPORT, "messages came or went"},
    {USERDATA_OF(GROUP_SECURITY, 1),    "session_password",  VERB_AUTHENTICATE, "sends a password"},
    {USERDATA_OF(GROUP_SECURITY, 2),    "clear_password",    VERB_AUTHENTICATE, "gives up what the password allowed"},
    {USERDATA_OF(GROUP_PBC, 0),         "bsend",             VERB_OTHER, "data between user programs"},
    {USERDATA_OF(GROUP_TIME, 1),        "read_clock",        VERB_TIME | VERB_READ, "reads the clock"},
    {USERDATA_OF(GROUP_TIME, 2),        "set_clock",         VERB_TIME, "sets the clock"},
    {USERDATA_OF(GROUP_TIME, 3),        "read_clock_following", VERB_TIME | VERB_READ, "reads the clock, and how it is kept"},
    {USERDATA_OF(GROUP_TIME, 4),        "set_clock_following", VERB_TIME, "sets the clock, and how it is kept"},
    {USERDATA_OF(GROUP_NC, 1),          "nc_request_download", VERB_PROGRAM, "a file is about to go to the control"},
    {USERDATA_OF(GROUP_NC, 2),          "nc_download_block", VERB_PROGRAM, "a piece of it"},
    {USERDATA_OF(GROUP_NC, 3),          "nc_continue_download", VERB_PROGRAM, "the control wants more"},
    {USERDATA_OF(GROUP_NC, 4),          "nc_download_ended", VERB_PROGRAM, "it was the last piece"},
    {USERDATA_OF(GROUP_NC, 6),          "nc_start_upload",   VERB_PROGRAM | VERB_READ, "a file is about to be fetched"},
    {USERDATA_OF(GROUP_NC, 7),          "nc_upload",         VERB_PROGRAM | VERB_READ, "a piece of it"},
    {USERDATA_OF(GROUP_NC, 8),          "nc_continue_upload", VERB_PROGRAM | VERB_READ, "fetches more"},
    ISO_FUNCTION_LABELS,
    {0},
};

static const struct label error_classes[] = {
    {0x00, "none", 0, "no error"},
    {0x81, "application_relationship", 0, "the service is not known there"},
    {0x82, "object_definition", 0, "the type of the object does not fit"},
    {0x83, "no_resources", 0, "memory or connections are used up"},
    {0x84, "service_processing", 0, "the sequence or the state is wrong"},
    {0x85, "supplies", 0, "the frame is wrong"},
    {0x87, "access", 0, "the address or the access is not allowed"},
    {0},
};

static const struct label errors[] = {
    {0x0000, "none", 0, "no error"},
    {0x8104, "service_not_implemented", 0, "the module does not have the service"},
    {0x8401, "invalid_sequence", 0, "services in the wrong order"},
    {0x8402, "state_conflict", 0, "not in this state"},
    {0x8404, "function_not_possible", 0, "it cannot be done"},
    {0x8500, "wrong_frame", 0, "the PDU is wrong"},
    {0x8701, "address_error", 0, "no such address or length"},
    {0x8702, "not_supported", 0, "the module does not support the service"},
    {0x8703, "access_refused", 0, "access is refused"},
    {0x8704, "object_damaged", 0, "the object is damaged"},
    {0xd041, "not_in_this_mode", 0, "not in the current mode"},
    {0xd061, "protection_level_debug", 0, "the protection level forbids it: test functions"},
    {0xd209, "block_not_found", 0, "there is no such block"},
    {0xd20e, "no_further_block", 0, "no more blocks"},
    {0xd216, "invalid_program", 0, "reset the module"},
    {0xd231, "coordination_rules", 0, "coordination rules are broken"},
    {0xd240, "coordination", 0, "another one is at it"},
    {0xd241, "protection_level", 0, "the protection level forbids it"},
    {0xd242, "protection_violation", 0, "F blocks are protected"},
    {0xd401, "information_unavailable", 0, "the list is not available"},
    {0xd402, "information_index_unavailable", 0, "the index is not available"},
    {0xd405, "information_not_supported", 0, "the service is not supported or badly put"},
    {0xd601, "password_syntax", 0, "the parameters are badly put"},
    {0xd602, "wrong_password", 0, "the password is wrong"},
    {0xd603, "already_legitimised", 0, "the connection has that right already"},
    {0xd604, "already_enabled", 0, "the connection is enabled already"},
    {0xd605, "no_password", 0, "the CPU has no password"},
    {0xd801, "variable_address_invalid", 0, "an address of the job is invalid"},
    {0xdc01, "invalid_time", 0, "date or time is invalid"},
    {0},
};

static const struct label types[] = {
    {TYPE_PUSH,        "push", 0, "sent unasked"},
    {TYPE_NC_PUSH,     "nc_push", 0, "sent unasked, numeric control"},
    {TYPE_REQUEST,     "request", 0, "asks"},
    {TYPE_NC_REQUEST,  "nc_request", 0, "asks, numeric control"},
    {TYPE_RESPONSE,    "response", 0, "answers"},
    {TYPE_NC_RESPONSE, "nc_response", 0, "answers, numeric control"},
    {0},
};

static const struct label groups[] = {
    {GROUP_MODE,       "mode_transition", 0, "the CPU has changed its mode"},
    {GROUP_PROGRAMMER, "programmer_commands", 0, "test functions of a programming device"},
    {GROUP_CYCLIC,     "cyclic_data", 0, "variables again and again"},
    {GROUP_BLOCK,      "block_functions", 0, "which blocks there are"},
    {GROUP_CPU,        "cpu_functions", 0, "status lists, messages, alarms"},
    {GROUP_SECURITY,   "security", 0, "passwords"},
    {GROUP_PBC,        "pbc", 0, "data between user programs"},
    {GROUP_TIME,       "time", 0, "the clock"},
    {GROUP_NC,         "nc_programming", 0, "files of a numeric control"},
    {0},
};

static const struct label units[] = {
    {0, "last", 0, "it was the last unit"},
    {1, "more_follow", 0, "more units are to be asked for"},
    {0},
};

static const struct label methods[] = {
    {0x11, "request", 0, "a short head"},
    {0x12, "response", 0, "a long head"},
    {0},
};

const struct label s7_syntaxes[] = {
    {SYNTAX_ANY,         "s7any", 0, "area, DB, byte and bit"},
    {SYNTAX_PBC,         "pbc_id", 0, "an id between user programs"},
    {SYNTAX_ALARM_LOCK,  "alarm_lock_free", 0, "alarms to lock or free"},
    {SYNTAX_ALARM_IND,   "alarm_indication", 0, "an alarm that is told"},
    {SYNTAX_ALARM_ACK,   "alarm_acknowledge", 0, "an alarm that is acknowledged"},
    {SYNTAX_ALARM_QUERY, "alarm_query", 0, "alarms to ask for"},
    {SYNTAX_NOTIFY,      "notify_indication", 0, "a message that is told"},
    {SYNTAX_NCK,         "nck", 0, "a variable of a numeric control"},
    {SYNTAX_NCK_METRIC,  "nck_metric", 0, "the same, metric"},
    {SYNTAX_NCK_INCH,    "nck_inch", 0, "the same, in inches"},
    {SYNTAX_DRIVE,       "drive_es", 0, "a parameter of a drive"},
    {SYNTAX_DBREAD,      "db_read", 0, "bytes of a DB"},
    {SYNTAX_SYMBOLIC,    "symbolic", 0, "by the numbers of a symbol, S7-1200"},
    {0},
};

static const struct label transports[] = {
    {0x01, "bit", 0, "one bit"}, {0x02, "byte", 0, "8 bits"}, {0x03, "char", 0, "a character"},
    {0x04, "word", 0, "16 bits"}, {0x05, "int", 0, "16 bits, signed"}, {0x06, "dword", 0, "32 bits"},
    {0x07, "dint", 0, "32 bits, signed"}, {0x08, "real", 0, "32 bits, floating"},
    {0x09, "date", 0, "days since 1990"}, {0x0a, "time_of_day", 0, "milliseconds of the day"},
    {0x0b, "time", 0, "milliseconds"}, {0x0c, "s5time", 0, "16 bits, BCD"},
    {0x0f, "date_and_time", 0, "8 bytes, BCD"}, {0x1c, "counter", 0, "a counter"},
    {0x1d, "timer", 0, "a timer"}, {0x1e, "iec_timer", 0, "a timer, S7-200"},
    {0x1f, "iec_counter", 0, "a counter, S7-200"}, {0x20, "hs_counter", 0, "a fast counter, S7-200"},
    {0},
};

const struct label s7_areas[] = {
    {AREA_RECORD,      "data_record", 0, "a record of a module"},
    {AREA_SYSTEM,      "system_info", 0, "S7-200: what the system says"},
    {AREA_FLAGS_200,   "system_flags", 0, "S7-200: flags of the system"},
    {AREA_ANALOG_IN,   "analog_input", 0, "S7-200: analog inputs"},
    {AREA_ANALOG_OUT,  "analog_output", 0, "S7-200: analog outputs"},
    {AREA_COUNTER,     "counter", 0, "counters"},
    {AREA_TIMER,       "timer", 0, "timers"},
    {AREA_IEC_COUNTER, "iec_counter", 0, "S7-200: counters"},
    {AREA_IEC_TIMER,   "iec_timer", 0, "S7-200: timers"},
    {AREA_PERIPHERAL,  "peripheral", 0, "modules, past the process image"},
    {AREA_INPUT,       "input", 0, "process image of the inputs"},
    {AREA_OUTPUT,      "output", 0, "process image of the outputs"},
    {AREA_MERKER,      "merker", 0, "flags, M"},
    {AREA_DB,          "db", 0, "data blocks"},
    {AREA_DI,          "di", 0, "instance data blocks"},
    {AREA_LOCAL,       "local", 0, "local data"},
    {AREA_V,           "v", 0, "S7-200: variable memory"},
    {0},
};

static const struct label return_codes[] = {
    {0x00, "reserved", 0, "of a request"},
    {0x01, "hardware_error", 0, "the hardware has a fault"},
    {0x03, "access_denied", 0, "the object may not be used"},
    {0x05, "invalid_address", 0, "the address does not exist"},
    {0x06, "type_not_supported", 0, "not this data type"},
    {0x07, "type_inconsistent", 0, "the data type does not fit"},
    {0x0a, "object_missing", 0, "the object does not exist"},
    {0xff, "success", 0, "it went well"},
    {0},
};

static const struct label data_transports[] = {
    {0x00, "none", 0, "nothing"}, {0x03, "bit", 0, "length in bits"},
    {0x04, "byte", 0, "byte, word or dword; length in bits"},
    {0x05, "integer", 0, "length in bits"}, {0x06, "double_integer", 0, "length in bytes"},
    {0x07, "real", 0, "length in bytes"}, {0x09, "octets", 0, "length in bytes"},
    {0x11, "nck_address_1", 0, "numeric control"}, {0x12, "nck_address_2", 0, "numeric control"},
    {0},
};

static const struct label statuses[] = {
    {0x01, "more_follows", 0, "it was not the last piece"},
    {0x02, "error", 0, "something went wrong"},
    {0},
};

const struct label s7_block_types[] = {
    {0x08, "ob", 0, "organisation block: the program's entries"},
    {0x09, "cmod", 0, "another module"},
    {0x0a, "db", 0, "data block"},
    {0x0b, "sdb", 0, "system data block: the configuration"},
    {0x0c, "fc", 0, "function"},
    {0x0d, "sfc", 0, "system function"},
    {0x0e, "fb", 0, "function block"},
    {0x0f, "sfb", 0, "system function block"},
    {0},
};

static const struct label languages[] = {
    {0, "undefined", 0, "not told"}, {1, "awl", 0, "statement list"}, {2, "kop", 0, "ladder"},
    {3, "fup", 0, "function block diagram"}, {4, "scl", 0, "structured text"},
    {5, "db", 0, "a data block"}, {6, "graph", 0, "sequences"}, {7, "sdb", 0, "system data"},
    {8, "cpu_db", 0, "made by the CPU"}, {17, "sdb_after_reset", 0, "system data after a reset"},
    {18, "sdb_routing", 0, "system data for routing"}, {41, "encrypted", 0, "cannot be read"},
    {0},
};

const struct label s7_pi_services[] = {
    {PI_WARM_START,      "warm_start", VERB_MODE, "P_PROGRAM: starts the CPU"},
    {PI_COLD_START,      "cold_start", VERB_MODE, "P_PROGRAM with C: starts it and wipes its data"},
    {PI_ACTIVATE,        "activate_block", VERB_PROGRAM, "_INSE: blocks that were loaded take effect"},
    {PI_ACTIVATE_AGAIN,  "activate_block_again", VERB_PROGRAM, "_INS2: the same"},
    {PI_DELETE,          "delete_block", VERB_PROGRAM, "_DELE: deletes blocks"},
    {PI_COMPRESS,        "compress_memory", VERB_PROGRAM, "_GARB: moves blocks together"},
    {PI_COPY_RAM_TO_ROM, "copy_ram_to_rom", VERB_PROGRAM, "_MODU: what was loaded stays after a loss of power"},
    {PI_LOGIN,           "log_in", VERB_AUTHENTICATE, "_N_LOGIN_: a password for the numeric control"},
    {PI_LOGOUT,          "log_out", VERB_AUTHENTICATE, "_N_LOGOUT: gives that up"},
    {PI_NUMERIC_CONTROL, "numeric_control", VERB_COMMAND, "_N_...: a service of the numeric control, see `pi_name`"},
    {PI_OTHER,           "other", VERB_COMMAND, "another service, see `pi_name`"},
    {0},
};

static const struct label lists[] = {
    {0x00, "szl_ids", 0, "which lists there are"},
    {0x11, "module_identification", 0, "order numbers and versions"},
    {0x12, "cpu_characteristics", 0, "what the CPU can"},
    {0x13, "user_memory", 0, "memory for programs"},
    {0x14, "system_areas", 0, "sizes of the areas"},
    {0x15, "block_types", 0, "blocks the CPU takes"},
    {0x16, "priority_classes", 0, "priority classes"},
    {0x19, "module_leds", 0, "LEDs"},
    {0x1c, "component_identification", 0, "names and serial numbers"},
    {0x22, "interrupt_status", 0, "interrupts"},
    {0x24, "modes", 0, "the operating mode and how it came"},
    {0x25, "process_images", 0, "process images and OBs"},
    {0x31, "communication_capability", 0, "what communication can"},
    {0x32, "communication_status", 0, "protection, key switch, clock"},
    {0x37, "ethernet", 0, "addresses of interfaces"},
    {0x71, "h_cpu_group", 0, "a redundant pair"},
    {0x74, "leds", 0, "LEDs"},
    {0x90, "dp_masters", 0, "PROFIBUS masters"},
    {0x91, "module_status", 0, "modules in their slots"},
    {0x92, "station_status", 0, "racks and stations"},
    {0x96, "io_module_status", 0, "modules of PROFINET and PROFIBUS"},
    {0xa0, "diagnostic_buffer", 0, "what has happened to the CPU"},
    {0xb3, "module_diagnostics", 0, "diagnostic data of a module"},
    {0xb4, "dp_slave_diagnostics", 0, "diagnostic data of a slave"},
    {0},
};

static const struct label leds[] = {
    {1,  "sf", 0, "group error"}, {2, "intf", 0, "internal error"}, {3, "extf", 0, "external error"},
    {4,  "run", 0, "runs"}, {5, "stop", 0, "stopped"}, {6, "frce", 0, "something is forced"},
    {7,  "crst", 0, "cold restart"}, {8, "baf", 0, "battery"}, {11, "bus1f", 0, "bus error, interface 1"},
    {12, "bus2f", 0, "bus error, interface 2"}, {13, "redf", 0, "redundancy error"},
    {14, "mstr", 0, "master of a redundant pair"}, {21, "maint", 0, "maintenance is wanted"},
    {0},
};

static const struct label blinks[] = {
    {0, "steady", 0, "does not blink"}, {1, "fast", 0, "2 Hz"}, {2, "slow", 0, "0.5 Hz"}, {0},
};

static const struct label modes[] = {
    {MODE_STOP,    "stop", 0, "the program does not run"},
    {MODE_STARTUP, "startup", 0, "it is about to run"},
    {MODE_RUN,     "run", 0, "it runs"},
    {MODE_HOLD,    "hold", 0, "it stands at a breakpoint"},
    {MODE_DEFECT,  "defect", 0, "the CPU is defect"},
    {MODE_UPDATE,  "update", 0, "a redundant pair comes level"},
    {MODE_LINK_UP, "link_up", 0, "a redundant pair comes together"},
    {MODE_RUN_REDUNDANT, "run_redundant", 0, "both of a pair run"},
    {0},
};

static const struct label key_switches[] = {
    {0, "none", 0, "there is none, or it is not known"}, {1, "run", 0, "may not be programmed"},
    {2, "run_p", 0, "may be programmed"}, {3, "stop", 0, "stopped"},
    {4, "mres", 0, "memory reset"}, {0},
};

static const struct label events[] = {
    {0x01, "modes", 0, "changes of the mode"}, {0x02, "system", 0, "system diagnostics"},
    {0x04, "user", 0, "events of the program"}, {0x80, "alarms", 0, "alarms"}, {0},
};

static const struct label bases[] = {
    {0, "tenths", 0, "a tenth of a second"}, {1, "seconds", 0, "a second"},
    {2, "tens", 0, "ten seconds"}, {0},
};

const struct label s7_operations[] = {
    {OPERATION_DOWNLOAD, "block_download", VERB_PROGRAM, "a block goes to the PLC"},
    {OPERATION_UPLOAD,   "block_upload", VERB_PROGRAM | VERB_READ, "a block is fetched from the PLC"},
    {0},
};

const struct label s7_violations[] = {
    ISO_VIOLATION_LABELS,
    {UNKNOWN_ROSCTR,      "unknown_rosctr", 0, "a kind of PDU that does not exist"},
    {PARTS_DIFFER,        "parts_differ", 0, "parameters and data are not as long as the PDU"},
    {UNKNOWN_FUNCTION,    "unknown_function", 0, "a function that does not exist"},
    {RESPONSE_FUNCTION_DIFFERS, "response_function_differs", 0, "the answer is to another function"},
    {REFERENCE_REUSED,    "reference_reused", 0, "another request with this reference still waits"},
    {PDU_TOO_LONG,        "pdu_too_long", 0, "longer than set-up allowed"},
    {BAD_ITEM,            "bad_item", 0, "an item does not begin as items do"},
    {ITEM_OVERRUN,        "item_overrun", 0, "an item is longer than what holds it"},
    {ITEM_COUNT_DIFFERS,  "item_count_differs", 0, "fewer items than the count says"},
    {RESPONSE_ITEMS_DIFFER, "response_items_differ", 0, "the answer has another number of items than the request"},
    {BAD_USERDATA,        "bad_userdata", 0, "the head of userdata is not as it must be"},
    {UNKNOWN_GROUP,       "unknown_subfunction", 0, "a group or sub-function that does not exist"},
    {BAD_SZL,             "bad_szl", 0, "rows, their length and their number do not fit"},
    {BAD_BLOCK,           "bad_block", 0, "name, number or length of a block is not as it must be"},
    {0},
};

/* Points live in areas. */
const struct label s7_tables[] = {
    {AREA_ANALOG_IN,   "analog_input", 0, "S7-200: analog inputs"},
    {AREA_ANALOG_OUT,  "analog_output", 0, "S7-200: analog outputs"},
    {AREA_SYSTEM,      "system_info", 0, "S7-200: what the system says"},
    {AREA_FLAGS_200,   "system_flags", 0, "S7-200: flags of the system"},
    {AREA_COUNTER,     "counter", 0, "counters, from 0"},
    {AREA_TIMER,       "timer", 0, "timers, from 0"},
    {AREA_IEC_COUNTER, "iec_counter", 0, "S7-200: counters"},
    {AREA_IEC_TIMER,   "iec_timer", 0, "S7-200: timers"},
    {AREA_PERIPHERAL,  "peripheral", 0, "modules, past the process image"},
    {AREA_INPUT,       "input", 0, "process image of the inputs"},
    {AREA_OUTPUT,      "output", 0, "process image of the outputs"},
    {AREA_MERKER,      "merker", 0, "flags, M"},
    {AREA_DB,          "db", 0, "data blocks: the number of the DB, shifted by 24, and the bit"},
    {AREA_DI,          "di", 0, "instance data blocks, the same"},
    {AREA_LOCAL,       "local", 0, "local data"},
    {AREA_V,           "v", 0, "S7-200: variable memory"},
    {0},
};

const struct group s7_groups[NGROUPS] = {
    [GROUP_ITEM]      = {"item", "One variable that is asked for or written"},
    [GROUP_DATA]      = {"data_item", "What is written to it, or came back"},
    [GROUP_BLOCK_ROW] = {"block", "One block, or one type of blocks"},
    [GROUP_SZL]       = {"szl_row", "One row of a system status list"},
};

const struct field s7_fields[NSLOTS] = {
    ISO_FIELDS,
    [FUNCTION]         = {"function", FIELD_ENUM, "What is asked for", s7_functions, .side = SIDE_BOTH, .flags = FIELD_FUNCTION | FIELD_IDENTITY},
    [ROSCTR]           = {"rosctr", FIELD_ENUM, "Kind of the PDU", rosctrs, "s7comm.header.rosctr", .side = SIDE_BOTH},
    [JOB]              = {"job", FIELD_ENUM, "Function of a job; userdata have none", jobs, "s7comm.param.func", .side = SIDE_BOTH, .flags = FIELD_IDENTITY},
    [REFERENCE]        = {"pdu_reference", FIELD_INT, "Pairs request and answer; chosen by who asks", .wireshark = "s7comm.header.pduref", .side = SIDE_BOTH},
    [PARAMETER_LENGTH] = {"parameter_length", FIELD_INT, "Bytes of parameters", .wireshark = "s7comm.header.parlg", .side = SIDE_BOTH},
    [DATA_LENGTH]      = {"data_length", FIELD_INT, "Bytes of data", .wireshark = "s7comm.header.datlg", .side = SIDE_BOTH},
    [ERROR_CLASS]      = {"error_class", FIELD_ENUM, "Kind of the error", error_classes, "s7comm.header.errcls", .side = SIDE_RESPONSE},
    [ERROR_CODE]       = {"error_number", FIELD_INT, "The error in its class", .wireshark = "s7comm.header.errcod", .side = SIDE_RESPONSE, .flags = FIELD_HEX},
    [ERROR]            = {"error", FIELD_ENUM, "The error: class and code, or that of userdata", errors, "s7comm.param.errcod s7comm.data.blockcontrol.errorcode", .side = SIDE_BOTH, .flags = FIELD_HEX},
    [METHOD]           = {"method", FIELD_ENUM, "Whether the head of userdata is long", methods, "s7comm.param.userdata.reqres1", .side = SIDE_BOTH},
    [TYPE]             = {"userdata_type", FIELD_ENUM, "Whether it asks, answers, or comes unasked", types, "s7comm.param.userdata.type", .side = SIDE_BOTH},
    [GROUP]            = {"group", FIELD_ENUM, "Group of userdata functions", groups, "s7comm.param.userdata.funcgroup", .side = SIDE_BOTH, .flags = FIELD_IDENTITY},
    [SUBFUNCTION]      = {"subfunction", FIELD_INT, "Function in its group", .wireshark = "s7comm.param.userdata.subfunc s7comm.param.modetrans.subfunc", .side = SIDE_BOTH, .flags = FIELD_IDENTITY},
    [SEQUENCE]         = {"sequence", FIELD_INT, "Number of a job that goes on", .wireshark = "s7comm.param.userdata.seq_num", .side = SIDE_BOTH},
    [DATA_UNIT]        = {"data_unit", FIELD_INT, "Reference of an answer in several units", .wireshark = "s7comm.param.userdata.dataunitref", .side = SIDE_BOTH},
    [LAST_UNIT]        = {"unit_state", FIELD_ENUM, "Whether more units of the answer follow", units, "s7comm.param.userdata.lastdataunit", .side = SIDE_BOTH},
    [AMQ_CALLING]      = {"jobs_calling", FIELD_INT, "Jobs at once, of who calls", .wireshark = "s7comm.param.maxamq_calling", .side = SIDE_BOTH},
    [AMQ_CALLED]       = {"jobs_called", FIELD_INT, "Jobs at once, of who is called", .wireshark = "s7comm.param.maxamq_called", .side = SIDE_BOTH},
    [PDU_LENGTH]       = {"pdu_length", FIELD_INT, "Longest PDU", .wireshark = "s7comm.param.pdu_length", .side = SIDE_BOTH},
    [ITEM_COUNT]       = {"item_count", FIELD_INT, "Items, as the message says", .wireshark = "s7comm.param.itemcount s7comm.varstat.item_count", .side = SIDE_BOTH},
    [ITEM_SYNTAX]      = {"syntax", FIELD_ENUM, "How the variable is named", s7_syntaxes, "s7comm.param.item.syntaxid", .group = GROUP_ITEM},
    [ITEM_TRANSPORT]   = {"transport", FIELD_ENUM, "Type of its elements", transports, "s7comm.param.item.transp_size", .group = GROUP_ITEM, .flags = FIELD_IDENTITY},
    [ITEM_LENGTH]      = {"count", FIELD_INT, "Elements", .wireshark = "s7comm.param.item.length s7comm.param.item.dbread.length s7comm.varstat.req.repetition_factor", .group = GROUP_ITEM, .flags = FIELD_IDENTITY},
    [ITEM_DB]          = {"db", FIELD_INT, "Number of the data block; 0 elsewhere", .wireshark = "s7comm.param.item.db s7comm.param.item.dbread.db s7comm.tiap.item.dbnumber s7comm.varstat.req.db_number", .group = GROUP_ITEM, .flags = FIELD_IDENTITY},
    [ITEM_AREA]        = {"area", FIELD_ENUM, "Where it lives", s7_areas, "s7comm.param.item.area", .group = GROUP_ITEM, .flags = FIELD_IDENTITY},
    [ITEM_BYTE]        = {"byte", FIELD_INT, "First byte", .wireshark = "s7comm.param.item.address.byte s7comm.param.item.dbread.startaddress s7comm.varstat.req.startaddress", .group = GROUP_ITEM, .flags = FIELD_IDENTITY},
    [ITEM_BIT]         = {"bit", FIELD_INT, "First bit of it", .wireshark = "s7comm.param.item.address.bit s7comm.varstat.req.bitpos", .group = GROUP_ITEM, .flags = FIELD_IDENTITY},
    [ITEM_NUMBER]      = {"number", FIELD_INT, "Number of a timer or counter", .wireshark = "s7comm.param.item.address.number s7comm.param.item.address.nr", .group = GROUP_ITEM, .flags = FIELD_IDENTITY},
    [ITEM_REFERENCE]   = {"reference", FIELD_TEXT, "As an engineer writes it: DB12.DBX4.3, MW100", .group = GROUP_ITEM, .flags = FIELD_DERIVED},
    [ITEM_UNIT]        = {"nck_unit", FIELD_INT, "Unit of the numeric control's area", .wireshark = "s7comm.param.item.nck.unit", .group = GROUP_ITEM, .flags = FIELD_IDENTITY},
    [ITEM_COLUMN]      = {"nck_column", FIELD_INT, "Column of the module", .wireshark = "s7comm.param.item.nck.column", .group = GROUP_ITEM, .flags = FIELD_IDENTITY},
    [ITEM_LINE]        = {"nck_line", FIELD_INT, "First line", .wireshark = "s7comm.param.item.nck.line", .group = GROUP_ITEM, .flags = FIELD_IDENTITY},
    [ITEM_MODULE]      = {"nck_module", FIELD_INT, "Module of the numeric control", .wireshark = "s7comm.param.item.nck.module", .group = GROUP_ITEM, .flags = FIELD_IDENTITY | FIELD_HEX},
    [ITEM_LINES]       = {"nck_lines", FIELD_INT, "Lines", .wireshark = "s7comm.param.item.nck.linecount", .group = GROUP_ITEM, .flags = FIELD_IDENTITY},
    [ITEM_PARAMETER]   = {"drive_parameter", FIELD_INT, "Parameter of the drive", .wireshark = "s7comm.param.item.driveesany.parameternr", .group = GROUP_ITEM, .flags = FIELD_IDENTITY},
    [ITEM_CRC]         = {"symbol_crc", FIELD_INT, "Checksum over the symbol", .wireshark = "s7comm.tiap.item.crc", .group = GROUP_ITEM, .flags = FIELD_HEX},
    [ITEM_RAW]         = {"item_raw", FIELD_BYTES, "What of it is not taken apart", .group = GROUP_ITEM},
    [RETURN_CODE]      = {"return_code", FIELD_ENUM, "How it went", return_codes, "s7comm.data.returncode", .side = SIDE_BOTH, .group = GROUP_DATA},
    [TRANSPORT]        = {"transport_size", FIELD_ENUM, "How the length is counted", data_transports, "s7comm.data.transportsize", .side = SIDE_BOTH, .group = GROUP_DATA},
    [LENGTH]           = {"data_size", FIELD_INT, "Bytes, as the message says; it counts bits for some types", .wireshark = "s7comm.data.length", .side = SIDE_BOTH, .group = GROUP_DATA},
    [DATA]             = {"data", FIELD_BYTES, "The bytes", .wireshark = "s7comm.resp.data", .side = SIDE_BOTH, .group = GROUP_DATA},
    [BLOCK_STATUS]     = {"block_status", FIELD_FLAGS, "How the transfer goes", statuses, "s7comm.param.blockcontrol.functionstatus", .side = SIDE_BOTH},
    [TRANSFER_ID]      = {"transfer_id", FIELD_INT, "Number of an upload", .wireshark = "s7comm.data.blockcontrol.uploadid", .side = SIDE_BOTH},
    [BLOCK_FILE]       = {"block_file", FIELD_TEXT, "The block as the message names it", .wireshark = "s7comm.param.blockcontrol.filename"},
    [BLOCK_TYPE]       = {"block_type", FIELD_ENUM, "Type of the block", s7_block_types, .side = SIDE_BOTH},
    [BLOCK_NUMBER]     = {"block_number", FIELD_INT, "Number of the block", .wireshark = "s7comm.data.blockcontrol.block_number s7comm.data.blockinfo.block_number s7comm.blockinfo.block_num", .side = SIDE_BOTH},
    [BLOCK_DESTINATION] = {"block_place", FIELD_TEXT, "A: active, P: passive, not yet in use, B: both", .wireshark = "s7comm.data.blockcontrol.dest_filesys s7comm.data.blockinfo.filesys"},
    [BLOCK_LENGTH]     = {"upload_length", FIELD_INT, "Bytes the PLC is going to send", .side = SIDE_RESPONSE},
    [LOAD_LENGTH]      = {"block_length", FIELD_INT, "Bytes of the whole block", .wireshark = "s7comm.blockinfo.load_mem_len", .side = SIDE_BOTH},
    [CODE_LENGTH]      = {"code_length", FIELD_INT, "Bytes of its code or data", .wireshark = "s7comm.blockinfo.mc7_len", .side = SIDE_BOTH},
    [BLOCK_BYTES]      = {"piece_length", FIELD_INT, "Bytes of this piece", .wireshark = "s7comm.data.length", .side = SIDE_RESPONSE},
    [BLOCK_LANGUAGE]   = {"block_language", FIELD_ENUM, "What it was written in", languages, "s7comm.blockinfo.block_lang", .side = SIDE_RESPONSE},
    [BLOCK_PROTECTED]  = {"block_protected", FIELD_BOOL, "It has know-how protection", .side = SIDE_RESPONSE, .flags = FIELD_DERIVED},
    [BLOCK_CHANGED]    = {"block_changed", FIELD_TIME, "When its code was changed", .side = SIDE_RESPONSE},
    [INTERFACE_CHANGED] = {"interface_changed", FIELD_TIME, "When its interface was changed", .side = SIDE_RESPONSE},
    [BLOCK_SSB_LENGTH] = {"interface_length", FIELD_INT, "Bytes of the interface", .wireshark = "s7comm.blockinfo.ssb_len", .side = SIDE_RESPONSE},
    [BLOCK_ADD_LENGTH] = {"segment_length", FIELD_INT, "Bytes of the segment table", .wireshark = "s7comm.blockinfo.add_len", .side = SIDE_RESPONSE},
    [LOCAL_LENGTH]     = {"local_length", FIELD_INT, "Bytes of local data", .wireshark = "s7comm.blockinfo.localdata_len", .side = SIDE_RESPONSE},
    [BLOCK_AUTHOR]     = {"block_author", FIELD_TEXT, "Who wrote it", .wireshark = "s7comm.blockinfo.author", .side = SIDE_BOTH},
    [BLOCK_FAMILY]     = {"block_family", FIELD_TEXT, "Its family", .wireshark = "s7comm.blockinfo.family", .side = SIDE_BOTH},
    [BLOCK_NAME]       = {"block_name", FIELD_TEXT, "Its name", .wireshark = "s7comm.blockinfo.headername", .side = SIDE_BOTH},
    [BLOCK_VERSION]    = {"block_version", FIELD_INT, "Its version, half a byte each", .side = SIDE_BOTH, .flags = FIELD_HEX},
    [BLOCK_CHECKSUM]   = {"block_checksum", FIELD_INT, "Its checksum", .wireshark = "s7comm.blockinfo.checksum", .side = SIDE_BOTH, .flags = FIELD_HEX},
    [BLOCK_SHA256]     = {"block_sha256", FIELD_TEXT, "Of all that was transferred", .side = SIDE_BOTH, .flags = FIELD_DERIVED},
    [ROW_TYPE]         = {"type", FIELD_ENUM, "Type of the block", s7_block_types, .side = SIDE_BOTH, .group = GROUP_BLOCK_ROW},
    [ROW_NUMBER]       = {"number_of_block", FIELD_INT, "Its number", .wireshark = "s7comm.blockinfo.block_num s7comm.data.blockcontrol.block_number", .side = SIDE_BOTH, .group = GROUP_BLOCK_ROW},
    [ROW_COUNT]        = {"blocks_of_type", FIELD_INT, "How many there are", .wireshark = "s7comm.blockinfo.block_count", .side = SIDE_BOTH, .group = GROUP_BLOCK_ROW},
    [ROW_FLAGS]        = {"block_flags", FIELD_INT, "Flags of the block", .wireshark = "s7comm.blockinfo.flags", .side = SIDE_BOTH, .group = GROUP_BLOCK_ROW, .flags = FIELD_HEX},
    [ROW_LANGUAGE]     = {"language", FIELD_ENUM, "What it was written in", languages, "s7comm.blockinfo.block_lang", .side = SIDE_BOTH, .group = GROUP_BLOCK_ROW},
    [PI_SERVICE]       = {"pi_service", FIELD_ENUM, "What the service does; its verbs replace the function's", s7_pi_services, .flags = FIELD_DERIVED | FIELD_IDENTITY},
    [PI_NAME]          = {"pi_name", FIELD_TEXT, "Its name on the wire", .wireshark = "s7comm.param.pistart.servicename"},
    [PI_ARGUMENT]      = {"pi_argument", FIELD_TEXT, "What goes with it, when it is no list of blocks", .wireshark = "s7comm.param.pistart.argument"},
    [SZL_ID]           = {"szl_id", FIELD_INT, "Which list, or which part of it", .wireshark = "s7comm.data.userdata.szl_id", .side = SIDE_BOTH, .flags = FIELD_IDENTITY | FIELD_HEX},
    [SZL_INDEX]        = {"szl_index", FIELD_INT, "Which row or object", .wireshark = "s7comm.data.userdata.szl_index", .side = SIDE_BOTH, .flags = FIELD_IDENTITY | FIELD_HEX},
    [SZL_LIST]         = {"szl_list", FIELD_ENUM, "What the list is about", lists, "s7comm.data.userdata.szl_id.partlist_num", .side = SIDE_BOTH},
    [SZL_LENGTH]       = {"szl_row_length", FIELD_INT, "Bytes of a row", .wireshark = "s7comm.data.userdata.szl_id.partlist_len", .side = SIDE_RESPONSE},
    [SZL_COUNT]        = {"szl_rows_total", FIELD_INT, "Rows of the list", .wireshark = "s7comm.data.userdata.szl_id.partlist_cnt", .side = SIDE_RESPONSE},
    [SZL_ROW_INDEX]    = {"row_index", FIELD_INT, "Index of the row", .wireshark = "s7comm.szl.xy11.0001.index s7comm.szl.001c.000x.index s7comm.szl.0132.0004.index", .side = SIDE_RESPONSE, .group = GROUP_SZL, .flags = FIELD_HEX},
    [SZL_ORDER]        = {"order_number_of_module", FIELD_TEXT, "Order number", .wireshark = "s7comm.szl.xy11.0001.anz", .side = SIDE_RESPONSE, .group = GROUP_SZL},
    [SZL_MODULE_TYPE]  = {"module_type_id", FIELD_INT, "Type of the module", .wireshark = "s7comm.szl.xy11.0001.bgtyp", .side = SIDE_RESPONSE, .group = GROUP_SZL, .flags = FIELD_HEX},
    [SZL_VERSION]      = {"module_version", FIELD_INT, "Its version, first half", .wireshark = "s7comm.szl.xy11.0001.ausbg", .side = SIDE_RESPONSE, .group = GROUP_SZL},
    [SZL_RELEASE]      = {"module_release", FIELD_INT, "Its version, second half", .wireshark = "s7comm.szl.xy11.0001.ausbe", .side = SIDE_RESPONSE, .group = GROUP_SZL},
    [SZL_TEXT]         = {"component_text", FIELD_TEXT, "What it is called", .wireshark = "s7comm.szl.001c.0001.name s7comm.szl.001c.0002.name s7comm.szl.001c.0003.tag s7comm.szl.001c.0004.copyright s7comm.szl.001c.0005.serialn s7comm.szl.001c.0007.cputypname s7comm.szl.001c.0008.snmcmmc s7comm.szl.001c.000a.oem_copyright_string s7comm.szl.001c.000b.loc_id", .side = SIDE_RESPONSE, .group = GROUP_SZL},
    [SZL_LED]          = {"led", FIELD_ENUM, "Which LED", leds, "s7comm.szl.xy74.0000.cpu_led_id.id", .side = SIDE_RESPONSE, .group = GROUP_SZL},
    [SZL_LED_ON]       = {"led_on", FIELD_BOOL, "It is on", .wireshark = "s7comm.szl.xy74.0000.led_on", .side = SIDE_RESPONSE, .group = GROUP_SZL},
    [SZL_LED_BLINK]    = {"led_blink", FIELD_ENUM, "How it blinks", blinks, "s7comm.szl.xy74.0000.led_blink", .side = SIDE_RESPONSE, .group = GROUP_SZL},
    [SZL_EVENT]        = {"szl_event", FIELD_INT, "Number of the event", .wireshark = "s7comm.szl.0424.0000.ereig s7comm.cpu.diag_msg.eventid", .side = SIDE_RESPONSE, .group = GROUP_SZL, .flags = FIELD_HEX},
    [SZL_PRIORITY]     = {"priority", FIELD_INT, "Priority class of the event", .wireshark = "s7comm.cpu.diag_msg.prioclass", .side = SIDE_RESPONSE, .group = GROUP_SZL},
    [SZL_OB]           = {"ob", FIELD_INT, "OB the event belongs to", .wireshark = "s7comm.cpu.diag_msg.obnumber", .side = SIDE_RESPONSE, .group = GROUP_SZL},
    [SZL_RACK]         = {"module_rack", FIELD_INT, "Rack or station of the module", .wireshark = "s7comm.szl.0091.0000.adr1 s7comm.szl.xy74.0000.cpu_led_id.rackno", .side = SIDE_RESPONSE, .group = GROUP_SZL},
    [SZL_SLOT]         = {"module_slot", FIELD_INT, "Slot in the high byte, submodule in the low one", .wireshark = "s7comm.szl.0091.0000.adr2", .side = SIDE_RESPONSE, .group = GROUP_SZL, .flags = FIELD_HEX},
    [SZL_EXPECTED_TYPE] = {"expected_type", FIELD_INT, "Type of module that should be there", .wireshark = "s7comm.szl.0091.0000.exptype", .side = SIDE_RESPONSE, .group = GROUP_SZL, .flags = FIELD_HEX},
    [SZL_ACTUAL_TYPE]  = {"actual_type", FIELD_INT, "Type of module that is there", .wireshark = "s7comm.szl.0091.0000.acttype", .side = SIDE_RESPONSE, .group = GROUP_SZL, .flags = FIELD_HEX},
    [SZL_TIME]         = {"event_time", FIELD_TIME, "When it happened, by the CPU's clock", .side = SIDE_RESPONSE, .group = GROUP_SZL},
    [SZL_DATA]         = {"row_data", FIELD_BYTES, "The row, when it is not taken apart", .side = SIDE_RESPONSE, .group = GROUP_SZL},
    [MODE]             = {"mode", FIELD_ENUM, "What the CPU does", modes, .says = "mode", .side = SIDE_RESPONSE, .flags = FIELD_DERIVED},
    [MODE_BEFORE]      = {"mode_before", FIELD_ENUM, "What it did before", modes, .side = SIDE_RESPONSE, .flags = FIELD_DERIVED},
    [PROTECTION]       = {"protection_level", FIELD_INT, "1 open, 2 no writing, 3 no reading either", .wireshark = "s7comm.szl.0132.0004.real", .says = "protection_level", .side = SIDE_RESPONSE},
    [KEY_SWITCH]       = {"key_switch", FIELD_ENUM, "Where the mode switch stands", key_switches, "s7comm.szl.0132.0004.bart_sch", .says = "key_switch", .side = SIDE_RESPONSE},
    [ORDER_NUMBER]     = {"order_number", FIELD_TEXT, "Order number of the module", .says = "product", .side = SIDE_RESPONSE, .flags = FIELD_DERIVED},
    [FIRMWARE]         = {"firmware", FIELD_TEXT, "Version of the firmware", .says = "firmware", .side = SIDE_RESPONSE, .flags = FIELD_DERIVED},
    [HARDWARE]         = {"hardware", FIELD_TEXT, "Order number of the basic hardware", .says = "hardware", .side = SIDE_RESPONSE, .flags = FIELD_DERIVED},
    [MODULE_MODEL]     = {"module_model", FIELD_TEXT, "Type name of the module", .says = "model", .side = SIDE_RESPONSE, .flags = FIELD_DERIVED},
    [PLC_NAME]         = {"plc_name", FIELD_TEXT, "Name of the automation system", .says = "name", .side = SIDE_RESPONSE, .flags = FIELD_DERIVED},
    [MODULE_NAME]      = {"module_name", FIELD_TEXT, "Name of the module", .says = "module_name", .side = SIDE_RESPONSE, .flags = FIELD_DERIVED},
    [PLANT]            = {"plant", FIELD_TEXT, "Plant designation", .says = "plant", .side = SIDE_RESPONSE, .flags = FIELD_DERIVED},
    [SERIAL]           = {"serial", FIELD_TEXT, "Serial number of the module", .says = "serial", .side = SIDE_RESPONSE, .flags = FIELD_DERIVED},
    [CARD_SERIAL]      = {"card_serial", FIELD_TEXT, "Serial number of the memory card", .says = "card_serial", .side = SIDE_RESPONSE, .flags = FIELD_DERIVED},
    [LOCATION]         = {"location", FIELD_TEXT, "Location designation", .says = "location", .side = SIDE_RESPONSE, .flags = FIELD_DERIVED},
    [CLOCK]            = {"clock", FIELD_TIME, "Time of the CPU's clock; its zone is not told", .side = SIDE_BOTH},
    [PASSWORD]         = {"password", FIELD_BYTES, "That a password was sent", .side = SIDE_BOTH, .flags = FIELD_SECRET},
    [EVENT_ID]         = {"event_id", FIELD_INT, "Number of the event", .wireshark = "s7comm.cpu.diag_msg.eventid", .side = SIDE_BOTH, .flags = FIELD_HEX},
    [EVENT_OB]         = {"event_ob", FIELD_INT, "OB it belongs to", .wireshark = "s7comm.cpu.diag_msg.obnumber", .side = SIDE_BOTH},
    [EVENT_PRIORITY]   = {"event_priority", FIELD_INT, "Its priority class", .wireshark = "s7comm.cpu.diag_msg.prioclass", .side = SIDE_BOTH},
    [SUBSCRIBED]       = {"subscribed", FIELD_FLAGS, "Events to be told", events, "s7comm.cpu.msg.events"},
    [SUBSCRIBER]       = {"subscriber", FIELD_TEXT, "Who wants to be told", .wireshark = "s7comm.cpu.msg.username"},
    [ALARM_COUNT]      = {"alarm_count", FIELD_INT, "Objects that are asked for", .wireshark = "s7comm.alarm.nr_objects", .side = SIDE_BOTH},
    [JOB_ID]           = {"job_id", FIELD_INT, "Job that ends", .wireshark = "s7comm.cyclic.job_id"},
    [INTERVAL_BASE]    = {"interval_base", FIELD_ENUM, "Unit of the interval", bases, "s7comm.cyclic.interval_timebase"},
    [INTERVAL]         = {"interval", FIELD_INT, "How often, in that unit", .wireshark = "s7comm.cyclic.interval_time"},
    [TIS_PARAMETER_SIZE] = {"job_parameter_size", FIELD_INT, "Bytes of the job's parameters", .wireshark = "s7comm.tis.parametersize", .side = SIDE_BOTH},
    [TIS_DATA_SIZE]    = {"job_data_size", FIELD_INT, "Bytes of the job's data", .wireshark = "s7comm.tis.datasize", .side = SIDE_BOTH},
    [TIS_TRIGGER]      = {"trigger_type", FIELD_INT, "What triggers the job", .wireshark = "s7comm.tis.param2", .flags = FIELD_HEX},
    [TIS_FREQUENCY]    = {"trigger_frequency", FIELD_INT, "0 each cycle, 1 once, 2 always", .wireshark = "s7comm.tis.param3"},
    [TIS_EVENT]        = {"trigger_event", FIELD_INT, "Where in the cycle", .wireshark = "s7comm.varstat.trgevent", .flags = FIELD_HEX},
    [TIS_JOB]          = {"job_function", FIELD_INT, "Function of the job that is meant", .wireshark = "s7comm.tis.job.function"},
    [TIS_JOB_SEQUENCE] = {"job_sequence", FIELD_INT, "Its number", .wireshark = "s7comm.tis.job.response_seq_num"},
    [PARAMETER_REST]   = {"parameter_rest", FIELD_BYTES, "Parameters that are not taken apart", .side = SIDE_BOTH},
    [DATA_REST]        = {"data_rest", FIELD_BYTES, "Data that are not taken apart", .side = SIDE_BOTH},
};
/* clang-format on */

/* ---- names of points --------------------------------------------------------------- */

static const struct prefix {
    uint8_t area;
    const char *letters;
} prefixes[] = {
    {AREA_INPUT, "I"},      {AREA_OUTPUT, "Q"},     {AREA_MERKER, "M"},
    {AREA_LOCAL, "L"},      {AREA_PERIPHERAL, "P"}, {AREA_V, "V"},
    {AREA_COUNTER, "C"},    {AREA_TIMER, "T"},      {AREA_IEC_COUNTER, "C"},
    {AREA_IEC_TIMER, "T"},  {AREA_ANALOG_IN, "AI"}, {AREA_ANALOG_OUT, "AQ"},
    {AREA_FLAGS_200, "SM"}, {AREA_SYSTEM, "S"},     {AREA_RECORD, "RECORD"},
};

static const char *letters_of(unsigned area)
{
    for (const struct prefix *p = prefixes; p < prefixes + COUNT_OF(prefixes); p++) {
        if (p->area == area)
            return p->letters;
    }
    return "?";
}

/* How wide: as in MW, DBD; a bit has no letter outside of data blocks. */
static char width(unsigned type)
{
    switch (point_type_size(type)) {
    case 0:
        return 'X';
    case 1:
        return 'B';
    case 2:
        return 'W';
    case 4:
        return 'D';
    default:
        return 'L';
    }
}

/* "DB12.DBX4.3", "DB1.DBD8", "MW100", "Q0.1", "T5". */
void s7_reference(unsigned table, unsigned type, uint64_t address, char *out, size_t size)
{
    unsigned db = (unsigned)(address >> 24 & 0xffff);
    unsigned bits = (unsigned)(address & 0xffffff), byte = bits >> 3;
    char place[24];

    snprintf(place, sizeof place, type == POINT_BIT ? "%u.%u" : "%u", byte, bits & 7);
    if (table >= AREA_COUNTER && table <= AREA_IEC_TIMER)
        snprintf(out, size, "%s%u", letters_of(table), bits);
    else if (table == AREA_DB)
        snprintf(out, size, "DB%u.DB%c%s", db, width(type), place);
    else if (table == AREA_DI)
        snprintf(out, size, "DI%u.DI%c%s", db, width(type), place);
    else if (type == POINT_BIT)
        snprintf(out, size, "%s%s", letters_of(table), place);
    else
        snprintf(out, size, "%s%c%s", letters_of(table), width(type), place);
}
