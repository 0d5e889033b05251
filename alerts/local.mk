noinst_LIBRARIES += libalerts.a
EXTRA_DIST += %reldir%/README.md
libalerts_a_SOURCES = \
	%reldir%/alert.h %reldir%/alert.c \
	%reldir%/event.h %reldir%/event.c \
	%reldir%/eve.h %reldir%/eve.c %reldir%/eve_nodes.c \
	%reldir%/filter.h %reldir%/filter.c \
	%reldir%/finding.h %reldir%/finding.c \
	%reldir%/outbox.h %reldir%/outbox.c %reldir%/outbox_keep.c \
	%reldir%/outbox_db.h %reldir%/outbox_db.c \
	%reldir%/outbox_copy.h %reldir%/outbox_copy.c \
	%reldir%/sink.h %reldir%/sink.c %reldir%/sink_file.c \
	%reldir%/sink_redis.c %reldir%/redis_sink.h \
	%reldir%/redis_calls.c %reldir%/redis_settle.c %reldir%/redis_trim.c \
	%reldir%/redis_link.h %reldir%/redis_link.c \
	%reldir%/redis_resolve.h %reldir%/redis_resolve.c \
	%reldir%/redis_tls.h %reldir%/redis_tls.c \
	%reldir%/text.h %reldir%/text.c
