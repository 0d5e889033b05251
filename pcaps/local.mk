EXTRA_DIST += %reldir%/README.md %reldir%/make %reldir%/make-dnp3 %reldir%/scripts %reldir%/recipes %reldir%/modbus %reldir%/dnp3 %reldir%/s7
