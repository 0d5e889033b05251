# For systemd, below the prefix: it looks in /usr/lib and in /usr/local/lib alike.
systemdunitdir = $(prefix)/lib/systemd/system
dist_systemdunit_DATA = %reldir%/systemd/sightglass.service

install-data-local:
	$(MKDIR_P) '$(DESTDIR)$(prefix)/lib/sysusers.d'
	$(INSTALL_DATA) $(srcdir)/%reldir%/systemd/sightglass.sysusers \
	    '$(DESTDIR)$(prefix)/lib/sysusers.d/sightglass.conf'

uninstall-local:
	rm -f '$(DESTDIR)$(prefix)/lib/sysusers.d/sightglass.conf'

EXTRA_DIST += %reldir%/README.md %reldir%/systemd/sightglass.sysusers
