EXTRA_DIST += %reldir%/README.md %reldir%/make %reldir%/make-dnp3 %reldir%/scripts %reldir%/modbus %reldir%/dnp3
