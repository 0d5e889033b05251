# Proofs that need the whole program: other readers, other captures, other tools.
proofs = %reldir%/golden/run %reldir%/compare-tshark
TESTS += $(proofs)
AM_TESTS_ENVIRONMENT += SIGHTGLASS='$(abs_top_builddir)/sightglass'; export SIGHTGLASS;
EXTRA_DIST += $(proofs) %reldir%/compare-tshark.unmapped %reldir%/golden %reldir%/README.md \
	%reldir%/lint %reldir%/metrics %reldir%/fuzz \
	%reldir%/bench/run %reldir%/bench/amplify %reldir%/bench/README.md %reldir%/bench/HISTORY.tsv

EXTRA_PROGRAMS += %reldir%/bench/bare
%canon_reldir%_bench_bare_LDADD = $(PCAP_LIBS)
EXTRA_PROGRAMS += %reldir%/bench/rules
%canon_reldir%_bench_rules_LDADD = librules.a libdissectors.a libcore.a $(YAML_LIBS) $(CRYPTO_LIBS) -lm
CLEANFILES += %reldir%/bench/bare$(EXEEXT) %reldir%/bench/rules$(EXEEXT)

MINUTES = 1

check-shared: sightglass
	SIGHTGLASS=$(abs_top_builddir)/sightglass $(top_srcdir)/tests/compare-tshark --shared

check-filters: sightglass
	SIGHTGLASS=$(abs_top_builddir)/sightglass $(top_srcdir)/tests/compare-tshark --filters

bench: sightglass tests/bench/bare$(EXEEXT) tests/bench/rules$(EXEEXT)
	tests/bench/rules$(EXEEXT)
	$(top_srcdir)/tests/bench/run --build .

# Builds the harnesses with clang in a directory of their own.
fuzz:
	mkdir -p fuzz && cd fuzz && { test -f Makefile || \
	  $(abs_top_srcdir)/configure --quiet CC=clang --enable-fuzzing; }
	$(MAKE) -C fuzz
	$(top_srcdir)/tests/fuzz fuzz $$(( $(MINUTES) * 60 ))

format:
	cd $(top_srcdir) && clang-format -i $$(git ls-files '*.[ch]')

format-check:
	cd $(top_srcdir) && clang-format --dry-run --Werror \
	  $$(find sensor dissectors rules alerts tests -name '*.[ch]')

lint:
	$(top_srcdir)/tests/lint $(abs_top_builddir)

metrics:
	$(top_srcdir)/tests/metrics

.PHONY: check-shared check-filters bench fuzz format format-check lint metrics

# A directory is distributed with what tests left in it.
dist-hook:
	rm -f $(distdir)/tests/golden/*.log $(distdir)/tests/golden/*.trs
