/*
 * The black box: what is kept of a sensor that broke, and what is not believed.
 */

#include "sensor/blackbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sensor/core/clock.h"
#include "tests/unit.h"

static char folder[] = "/tmp/blackbox-XXXXXX";

static struct blackbox box;
static uint8_t memory[4096];
static const struct bytes shared = {memory + 64, sizeof memory - 64};

static void what_a_broken_sensor_left_is_not_believed(void **state)
{
    static const struct bytes lies[] = {
        {NULL, 60},          {memory + 63, 60},         {memory + 4090, 7},
        {memory + 64, 5000}, {memory + 64, UINT32_MAX}, {memory + sizeof memory, 1},
        {memory + 64, 0},    {(const uint8_t *)-1, 2}};
    char path[BLACKBOX_PATH], name[BLACKBOX_NAME];
    struct blackbox_slot *slot;

    (void)state;
    blackbox_reset(&box);
    slot = blackbox_take(&box, "worker 0");
    for (size_t i = 0; i < COUNT_OF(lies); i++)
        blackbox_at(slot, &(struct raw){.bytes = lies[i]});
    atomic_store(&box.taken, UINT32_MAX);
    atomic_store(&box.slots[5].n, UINT64_MAX);
    assert_int_equal(blackbox_slots(&box), BLACKBOX_SLOTS);
    assert_false(blackbox_keep(&box, shared, folder, "", 1, path));
    assert_string_equal(path, "");
    memset(slot->name, 'x', sizeof slot->name);
    blackbox_name(slot, name);
    assert_int_equal(strlen(name), BLACKBOX_NAME - 1);
    slot->name[3] = '\n';
    blackbox_name(slot, name);
    assert_string_equal(name, "xxx");
}

static void slots_come_to_an_end(void **state)
{
    (void)state;
    blackbox_reset(&box);
    for (unsigned i = 0; i < BLACKBOX_SLOTS; i++)
        assert_non_null(blackbox_take(&box, "thread"));
    assert_null(blackbox_take(&box, "thread"));
    blackbox_beat(NULL);
    blackbox_at(NULL, NULL);
    blackbox_leave(NULL);
}

static void only_the_latest_files_are_kept(void **state)
{
    char crash[64], path[BLACKBOX_PATH], first[BLACKBOX_PATH];

    (void)state;
    snprintf(crash, sizeof crash, "%s/many", folder);
    blackbox_reset(&box);
    blackbox_at(blackbox_take(&box, "worker 0"),
                &(struct raw){.bytes = {memory + 64, 60}});
    for (int i = 0; i < BLACKBOX_FILES + 1; i++) {
        assert_true(
            blackbox_keep(&box, shared, crash, "why", (100 + i) * NS_PER_S, path));
        if (i == 0)
            memcpy(first, path, sizeof first);
    }
    assert_int_not_equal(access(first, F_OK), 0);
    assert_int_equal(access(path, R_OK), 0);
    assert_non_null(strstr(path, "/many/19700101T000156.000Z.pcapng"));
}

static int begin(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int end(void **state)
{
    char command[64];

    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_broken_sensor_left_is_not_believed),
        cmocka_unit_test(slots_come_to_an_end),
        cmocka_unit_test(only_the_latest_files_are_kept),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
