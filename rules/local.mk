noinst_LIBRARIES += librules.a
librules_a_SOURCES = \
	%reldir%/attack.h %reldir%/attack.c \
	%reldir%/contradict.h %reldir%/contradict.c \
	%reldir%/correlate.h %reldir%/correlate.c \
	%reldir%/compare.h %reldir%/compare.c \
	%reldir%/csv.h %reldir%/csv.c \
	%reldir%/evaluate.c %reldir%/program.h %reldir%/set.c \
	%reldir%/explain.h %reldir%/explain.c \
	%reldir%/explain_rule.h %reldir%/explain_rule.c \
	%reldir%/expression.h %reldir%/expression.c \
	%reldir%/fields.h %reldir%/fields.c \
	%reldir%/hold.h %reldir%/hold.c \
	%reldir%/inherit.c \
	%reldir%/later.h %reldir%/later.c \
	%reldir%/lexer.h %reldir%/lexer.c \
	%reldir%/literal.h %reldir%/literal.c \
	%reldir%/load.h %reldir%/load.c %reldir%/load_list.c %reldir%/load_rule.c \
	%reldir%/load_correlation.c %reldir%/load_hold.c %reldir%/load_schedule.c \
	%reldir%/load_warn.c %reldir%/override.c \
	%reldir%/match.h %reldir%/match.c \
	%reldir%/mutate.h %reldir%/mutate.c \
	%reldir%/names.h %reldir%/names.c \
	%reldir%/parser.h %reldir%/parser.c \
	%reldir%/rules_test.h %reldir%/rules_test.c \
	%reldir%/rewrite.h %reldir%/rewrite.c \
	%reldir%/json_path.h %reldir%/json_path.c \
	%reldir%/schedule.h %reldir%/schedule.c \
	%reldir%/ruleset.h %reldir%/ruleset.c \
	%reldir%/sentence.h %reldir%/sentence.c \
	%reldir%/threshold.h %reldir%/threshold.c \
	%reldir%/typer.h %reldir%/typer.c

rulesdir = $(pkgdatadir)/rules
dist_rules_DATA = %reldir%/shipped/boundary.yaml \
	%reldir%/shipped/modbus.yaml %reldir%/shipped/modbus_flow.yaml \
	%reldir%/shipped/dnp3.yaml \
	%reldir%/shipped/s7comm.yaml %reldir%/shipped/s7comm_flow.yaml
EXTRA_DIST += %reldir%/README.md %reldir%/DETECTIONS.md %reldir%/detections.tsv
