/*
 * A Modbus/TCP server on libmodbus: one controller, every unit answers alike.
 *
 *     server ADDRESS PORT
 *
 * Every table has 200 entries from 0. What they hold is fixed, so that a capture
 * made again shows the same values:
 *
 *     holding 100, 101   chlorine dose set point, float32 CDAB, 1.2
 *     holding 102, 103   dose in manual mode, float32 CDAB, 1.0
 *     holding n          n * 10 elsewhere
 *     input 10           pump speed, 0.1 %, a saw tooth moved by each request
 *     input n            1000 + n elsewhere
 *     discrete 0         follows coil 0: the pump runs when it was started
 *     coil n, discrete n set where n is odd
 *
 * It ends when its client list breaks or on a signal; it writes nothing.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/select.h>
#include <unistd.h>

#include <modbus.h>

enum {
    ENTRIES = 200,
    BACKLOG = 8,
    DOSE_SET_POINT = 100,
    DOSE_MANUAL = 102,
    PUMP_SPEED = 10,
    PUMP_SPEED_LOW = 600,
    PUMP_SPEED_SPAN = 50
};

struct server {
    modbus_t *modbus;
    modbus_mapping_t *tables;
    fd_set watched;
    int listener;
    int highest;
    unsigned requests;
};

static void fill_tables(modbus_mapping_t *tables)
{
    for (int i = 0; i < ENTRIES; i++) {
        tables->tab_bits[i] = (uint8_t)(i & 1);
        tables->tab_input_bits[i] = (uint8_t)(i & 1);
        tables->tab_registers[i] = (uint16_t)(i * 10);
        tables->tab_input_registers[i] = (uint16_t)(1000 + i);
    }
    tables->tab_registers[DOSE_SET_POINT] = 0x999a;
    tables->tab_registers[DOSE_SET_POINT + 1] = 0x3f99;
    tables->tab_registers[DOSE_MANUAL] = 0x0000;
    tables->tab_registers[DOSE_MANUAL + 1] = 0x3f80;
}

static void step_process(struct server *server)
{
    modbus_mapping_t *tables = server->tables;
    unsigned speed = PUMP_SPEED_LOW + server->requests % PUMP_SPEED_SPAN;

    tables->tab_input_registers[PUMP_SPEED] = (uint16_t)speed;
    tables->tab_input_bits[0] = tables->tab_bits[0];
    server->requests++;
}

static void greet(struct server *server)
{
    int client = modbus_tcp_pi_accept(server->modbus, &server->listener);

    if (client < 0 || client >= FD_SETSIZE)
        return;
    FD_SET(client, &server->watched);
    if (client > server->highest)
        server->highest = client;
}

static void answer(struct server *server, int client)
{
    uint8_t request[MODBUS_TCP_MAX_ADU_LENGTH];
    int length;

    modbus_set_socket(server->modbus, client);
    length = modbus_receive(server->modbus, request);
    if (length < 0) {
        close(client);
        FD_CLR(client, &server->watched);
        return;
    }
    step_process(server);
    modbus_reply(server->modbus, request, length, server->tables);
}

static bool serve_ready(struct server *server)
{
    fd_set ready = server->watched;

    if (select(server->highest + 1, &ready, NULL, NULL, NULL) < 0)
        return errno == EINTR;
    for (int fd = 0; fd <= server->highest; fd++) {
        if (!FD_ISSET(fd, &ready))
            continue;
        if (fd == server->listener)
            greet(server);
        else
            answer(server, fd);
    }
    return true;
}

int main(int argc, char **argv)
{
    struct server server = {0};

    if (argc != 3)
        return 2;
    server.modbus = modbus_new_tcp_pi(argv[1], argv[2]);
    server.tables = modbus_mapping_new(ENTRIES, ENTRIES, ENTRIES, ENTRIES);
    if (!server.modbus || !server.tables)
        return 1;
    fill_tables(server.tables);
    server.listener = modbus_tcp_pi_listen(server.modbus, BACKLOG);
    if (server.listener < 0)
        return 1;
    server.highest = server.listener;
    FD_SET(server.listener, &server.watched);
    while (serve_ready(&server))
        ;
    return 1;
}
