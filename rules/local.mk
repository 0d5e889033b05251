noinst_LIBRARIES += librules.a
librules_a_SOURCES = \
	%reldir%/evaluate.c %reldir%/program.h %reldir%/set.c \
	%reldir%/lexer.h %reldir%/lexer.c \
	%reldir%/literal.h %reldir%/literal.c \
	%reldir%/names.h %reldir%/names.c \
	%reldir%/parser.h %reldir%/parser.c \
	%reldir%/typer.h %reldir%/typer.c
