noinst_LIBRARIES += libalerts.a
EXTRA_DIST += %reldir%/README.md
libalerts_a_SOURCES = \
	%reldir%/alert.h %reldir%/alert.c \
	%reldir%/event.h %reldir%/event.c \
	%reldir%/eve.h %reldir%/eve.c %reldir%/eve_nodes.c \
	%reldir%/filter.h %reldir%/filter.c \
	%reldir%/finding.h %reldir%/finding.c \
	%reldir%/queue.h %reldir%/queue.c \
	%reldir%/redis_link.h %reldir%/redis_link.c \
	%reldir%/sink.h %reldir%/sink.c \
	%reldir%/text.h %reldir%/text.c \
	%reldir%/sink_file.c %reldir%/sink_redis.c
