/*
 * A Modbus/TCP master on libmodbus that does what its arguments say.
 *
 *     master ADDRESS PORT ROUNDS PERIOD_MS STEP...
 *
 *     STEP = UNIT/VERB/ADDRESS[/NUMBER,NUMBER...]
 *
 *     3/holding/100/4                    read 4 holding registers from 100 of unit 3
 *     3/write-registers/100/39322,16537  write two
 *     3/mask/20/242,37                   and-mask, or-mask
 *     3/read-write/100/2,110,7,8         read 2 at 100, write 7 and 8 at 110
 *     0/wait/500                         wait 500 ms
 *
 * One connection for all rounds. A refusal or a silence is a result like any other:
 * the next step follows. Ends with 1 when it cannot connect, 2 on a bad argument.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <modbus.h>

enum { MAX_NUMBERS = 125, MAX_VERB = 24, ANSWER_TIMEOUT_US = 500000 };

struct step {
    int unit;
    char verb[MAX_VERB];
    int address;
    int numbers[MAX_NUMBERS];
    int n_numbers;
};

struct verb {
    const char *name;
    int least_numbers;
    void (*perform)(modbus_t *modbus, const struct step *step);
};

static void sleep_ms(int ms)
{
    usleep((useconds_t)ms * 1000);
}

static void copy_registers(uint16_t *to, const int *from, int n)
{
    for (int i = 0; i < n; i++)
        to[i] = (uint16_t)from[i];
}

static void read_holding(modbus_t *modbus, const struct step *step)
{
    uint16_t values[MODBUS_MAX_READ_REGISTERS];

    modbus_read_registers(modbus, step->address, step->numbers[0], values);
}

static void read_input(modbus_t *modbus, const struct step *step)
{
    uint16_t values[MODBUS_MAX_READ_REGISTERS];

    modbus_read_input_registers(modbus, step->address, step->numbers[0], values);
}

static void read_coils(modbus_t *modbus, const struct step *step)
{
    uint8_t values[MODBUS_MAX_READ_BITS];

    modbus_read_bits(modbus, step->address, step->numbers[0], values);
}

static void read_discretes(modbus_t *modbus, const struct step *step)
{
    uint8_t values[MODBUS_MAX_READ_BITS];

    modbus_read_input_bits(modbus, step->address, step->numbers[0], values);
}

static void write_coil(modbus_t *modbus, const struct step *step)
{
    modbus_write_bit(modbus, step->address, step->numbers[0]);
}

static void write_register(modbus_t *modbus, const struct step *step)
{
    modbus_write_register(modbus, step->address, (uint16_t)step->numbers[0]);
}

static void write_coils(modbus_t *modbus, const struct step *step)
{
    uint8_t values[MAX_NUMBERS];

    for (int i = 0; i < step->n_numbers; i++)
        values[i] = (uint8_t)step->numbers[i];
    modbus_write_bits(modbus, step->address, step->n_numbers, values);
}

static void write_registers(modbus_t *modbus, const struct step *step)
{
    uint16_t values[MAX_NUMBERS];

    copy_registers(values, step->numbers, step->n_numbers);
    modbus_write_registers(modbus, step->address, step->n_numbers, values);
}

static void mask(modbus_t *modbus, const struct step *step)
{
    modbus_mask_write_register(modbus, step->address, (uint16_t)step->numbers[0],
                               (uint16_t)step->numbers[1]);
}

static void read_write(modbus_t *modbus, const struct step *step)
{
    uint16_t written[MAX_NUMBERS];
    uint16_t values[MODBUS_MAX_READ_REGISTERS];
    int n_written = step->n_numbers - 2;

    copy_registers(written, step->numbers + 2, n_written);
    modbus_write_and_read_registers(modbus, step->numbers[1], n_written, written,
                                    step->address, step->numbers[0], values);
}

static void wait_a_while(modbus_t *modbus, const struct step *step)
{
    (void)modbus;
    sleep_ms(step->address);
}

/* clang-format off */
static const struct verb verbs[] = {
    {"holding",         1, read_holding},
    {"input",           1, read_input},
    {"coils",           1, read_coils},
    {"discretes",       1, read_discretes},
    {"write-coil",      1, write_coil},
    {"write-register",  1, write_register},
    {"write-coils",     1, write_coils},
    {"write-registers", 1, write_registers},
    {"mask",            2, mask},
    {"read-write",      3, read_write},
    {"wait",            0, wait_a_while},
};
/* clang-format on */

static const struct verb *find_verb(const char *name)
{
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    return NULL;
}

static bool take_number(const char **text, int *number)
{
    char *end;

    *number = (int)strtol(*text, &end, 10);
    if (end == *text)
        return false;
    *text = *end ? end + 1 : end;
    return true;
}

static bool take_verb(const char **text, char *verb)
{
    size_t len = strcspn(*text, "/");

    if (len == 0 || len >= MAX_VERB || (*text)[len] != '/')
        return false;
    memcpy(verb, *text, len);
    verb[len] = '\0';
    *text += len + 1;
    return true;
}

static bool parse_step(const char *text, struct step *step)
{
    const struct verb *verb;

    *step = (struct step){0};
    if (!take_number(&text, &step->unit) || !take_verb(&text, step->verb) ||
        !take_number(&text, &step->address))
        return false;
    while (*text && step->n_numbers < MAX_NUMBERS)
        if (!take_number(&text, &step->numbers[step->n_numbers++]))
            return false;
    verb = find_verb(step->verb);
    return verb && step->n_numbers >= verb->least_numbers;
}

static bool perform(modbus_t *modbus, const char *text)
{
    struct step step;

    if (!parse_step(text, &step))
        return false;
    modbus_set_slave(modbus, step.unit);
    find_verb(step.verb)->perform(modbus, &step);
    return true;
}

int main(int argc, char **argv)
{
    modbus_t *modbus;
    int rounds;
    int period;

    if (argc < 6)
        return 2;
    rounds = (int)strtol(argv[3], NULL, 10);
    period = (int)strtol(argv[4], NULL, 10);
    modbus = modbus_new_tcp_pi(argv[1], argv[2]);
    if (!modbus)
        return 1;
    modbus_set_response_timeout(modbus, 0, ANSWER_TIMEOUT_US);
    if (modbus_connect(modbus) < 0)
        return 1;
    for (int round = 0; round < rounds; round++) {
        for (int i = 5; i < argc; i++)
            if (!perform(modbus, argv[i]))
                return 2;
        sleep_ms(period);
    }
    modbus_close(modbus);
    modbus_free(modbus);
    return 0;
}
