#ifndef SENSOR_NDPI_COMPAT_H
#define SENSOR_NDPI_COMPAT_H

/*
 * The calls of nDPI that changed between releases, under one form each.
 *
 * configure finds out which form the installed headers have.  For classify.c
 * alone: nDPI's headers bring PACKAGE_NAME and the like of their own, so nothing
 * behind this include may use ours.
 */

#include <stdbool.h>
#include <stdint.h>

#include <ndpi_api.h>

struct ndpi_names {
    uint16_t master, app; /* NDPI_PROTOCOL_UNKNOWN: none */
};

static inline struct ndpi_names compat_names(ndpi_protocol p)
{
#ifdef NDPI_NESTED
    return (struct ndpi_names){p.proto.master_protocol, p.proto.app_protocol};
#else
    return (struct ndpi_names){p.master_protocol, p.app_protocol};
#endif
}

/* Calls in several threads must not overlap.  NULL when memory lacks. */
static inline struct ndpi_detection_module_struct *compat_init(void)
{
#ifdef NDPI_PREFS
    return ndpi_init_detection_module(ndpi_no_prefs);
#else
    return ndpi_init_detection_module(NULL); /* no context: modules share nothing */
#endif
}

static inline bool compat_start(struct ndpi_detection_module_struct *module)
{
#ifdef NDPI_BITMASK2
    NDPI_PROTOCOL_BITMASK all;

    NDPI_BITMASK_SET_ALL(all);
    ndpi_set_protocol_detection_bitmask2(module, &all);
#endif
#ifdef NDPI_FINALIZE_SAYS
    return ndpi_finalize_initialization(module) == 0;
#else
    ndpi_finalize_initialization(module);
    return true;
#endif
}

static inline struct ndpi_names
compat_process(struct ndpi_detection_module_struct *module, struct ndpi_flow_struct *flow,
               const uint8_t *packet, uint16_t len, uint64_t ms, bool from_client)
{
#ifdef NDPI_PROCESS_6
    struct ndpi_flow_input_info info = {
        .in_pkt_dir = from_client ? NDPI_IN_PKT_DIR_C_TO_S : NDPI_IN_PKT_DIR_S_TO_C};

    return compat_names(
        ndpi_detection_process_packet(module, flow, packet, len, ms, &info));
#else
    (void)from_client;
    return compat_names(ndpi_detection_process_packet(module, flow, packet, len, ms));
#endif
}

/* What it takes the flow for after all, by its port if by nothing else. */
static inline struct ndpi_names compat_giveup(struct ndpi_detection_module_struct *module,
                                              struct ndpi_flow_struct *flow)
{
#if defined(NDPI_GIVEUP_4)
    uint8_t guessed = 0;

    return compat_names(ndpi_detection_giveup(module, flow, 1, &guessed));
#elif defined(NDPI_GIVEUP_3)
    uint8_t guessed = 0;

    return compat_names(ndpi_detection_giveup(module, flow, &guessed));
#else
    return compat_names(ndpi_detection_giveup(module, flow));
#endif
}

/* How sure it is, in its own words; NULL when this release does not tell. */
static inline const char *compat_confidence(const struct ndpi_flow_struct *flow)
{
#ifdef NDPI_CONFIDENCE
    return ndpi_confidence_get_name(flow->confidence);
#else
    (void)flow;
    return NULL;
#endif
}

/* For the whole process, before the first compat_init(). */
static inline void compat_allocators(void *(*take)(size_t size), void (*give)(void *),
                                     void *(*take_zeroed)(size_t n, size_t size),
                                     void *(*resize)(void *, size_t size))
{
#ifdef NDPI_ALLOCATORS_8
    ndpi_set_memory_alloction_functions(take, give, take_zeroed, resize, NULL, NULL, take,
                                        give);
#else
    (void)take_zeroed; /* older releases build both on the first two */
    (void)resize;
    set_ndpi_malloc(take);
    set_ndpi_free(give);
#endif
}

#endif
