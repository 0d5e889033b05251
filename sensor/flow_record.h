#ifndef SENSOR_FLOW_RECORD_H
#define SENSOR_FLOW_RECORD_H

/*
 * What is told of every flow, OT or not: when it is named, each ten minutes, and
 * when it ends.  The fields stand in a table like a protocol's.
 */

#include "sensor/classify.h"
#include "sensor/core/record.h"

enum flow_field {
    FLOW_HAS_STATE,
    FLOW_HAS_SERVICE,
    FLOW_HAS_SERVICE_FROM,
    FLOW_HAS_DETAIL,
    FLOW_HAS_FRAMING,
    FLOW_HAS_EXPECTED,
    FLOW_HAS_UNEXPECTED,
    FLOW_HAS_OT,
    FLOW_HAS_REASON,
    FLOW_HAS_ESTABLISHED,
    FLOW_HAS_DURATION,
    FLOW_HAS_PACKETS_TO_SERVER,
    FLOW_HAS_PACKETS_TO_CLIENT,
    FLOW_HAS_BYTES_TO_SERVER,
    FLOW_HAS_BYTES_TO_CLIENT,
    FLOW_HAS_TCP_FLAGS_CLIENT,
    FLOW_HAS_TCP_FLAGS_SERVER,
    FLOW_HAS_MESSAGES,
    FLOW_HAS_SKIPPED,
    FLOW_HAS_GAPS,
    FLOW_HAS_GAP_BYTES,
    FLOW_FIELDS
};

enum flow_state { FLOW_BEGIN, FLOW_UPDATE, FLOW_END };

/* How its service is known: an enum confidence, or this. */
enum { SERVICE_DISSECTOR = CONFIDENCES };

extern const struct schema flow_schema;

#endif
