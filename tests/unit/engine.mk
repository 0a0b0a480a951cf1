# SPDX-License-Identifier: LGPL-2.1-or-later
# The engine's tests link the engine and base alone: a stray dependency breaks the build.
engine_unit_tests = \
	tests/unit/test-agreed \
	tests/unit/test-engine-commands \
	tests/unit/test-engine-copies \
	tests/unit/test-engine-retry \
	tests/unit/test-engine-copy \
	tests/unit/test-engine-fields \
	tests/unit/test-engine-files \
	tests/unit/test-engine-forming \
	tests/unit/test-engine-memory \
	tests/unit/test-engine-messages \
	tests/unit/test-engine-nodes \
	tests/unit/test-engine-delay \
	tests/unit/test-engine-end \
	tests/unit/test-engine-place \
	tests/unit/test-engine-silence \
	tests/unit/test-engine-size \
	tests/unit/test-engine-state \
	tests/unit/test-engine-step \
	tests/unit/test-engine-verdict \
	tests/unit/test-engine-words \
	tests/unit/test-local \
	tests/unit/test-member
check_PROGRAMS += $(engine_unit_tests)
TESTS += $(engine_unit_tests)
tests_unit_test_engine_place_LDADD = libengine.a libbase.a $(CMOCKA_LIBS)
tests_unit_test_engine_size_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=qsort
tests_unit_test_engine_size_LDADD = libengine.a libbase.a $(CMOCKA_LIBS)
tests_unit_test_engine_state_LDADD = libengine.a libbase.a $(CMOCKA_LIBS)
engine_cluster_sources = tests/unit/engine-cluster.c tests/unit/engine-cluster.h
tests_unit_test_engine_commands_SOURCES = tests/unit/test-engine-commands.c $(engine_cluster_sources)
tests_unit_test_engine_commands_LDADD = libengine.a libbase.a $(CMOCKA_LIBS)
tests_unit_test_engine_retry_SOURCES = tests/unit/test-engine-retry.c $(engine_cluster_sources)
tests_unit_test_engine_retry_LDADD = libengine.a libbase.a $(CMOCKA_LIBS)
tests_unit_test_engine_copies_SOURCES = tests/unit/test-engine-copies.c $(engine_cluster_sources)
tests_unit_test_engine_copies_LDADD = libengine.a libbase.a $(CMOCKA_LIBS)
tests_unit_test_engine_files_SOURCES = tests/unit/test-engine-files.c $(engine_cluster_sources)
tests_unit_test_engine_files_LDADD = libengine.a libbase.a $(CMOCKA_LIBS)
tests_unit_test_engine_forming_SOURCES = tests/unit/test-engine-forming.c $(engine_cluster_sources)
tests_unit_test_engine_forming_LDADD = libengine.a libbase.a $(CMOCKA_LIBS)
tests_unit_test_engine_nodes_SOURCES = tests/unit/test-engine-nodes.c $(engine_cluster_sources)
tests_unit_test_engine_nodes_LDADD = libengine.a libbase.a $(CMOCKA_LIBS)
tests_unit_test_engine_end_SOURCES = tests/unit/test-engine-end.c $(engine_cluster_sources)
tests_unit_test_engine_end_LDADD = libengine.a libbase.a $(CMOCKA_LIBS)

tests_unit_test_engine_delay_SOURCES = tests/unit/test-engine-delay.c $(engine_cluster_sources)
tests_unit_test_engine_delay_LDADD = libengine.a libbase.a $(CMOCKA_LIBS)
tests_unit_test_engine_silence_SOURCES = tests/unit/test-engine-silence.c $(engine_cluster_sources)
tests_unit_test_engine_silence_LDADD = libengine.a libbase.a $(CMOCKA_LIBS)
tests_unit_test_engine_step_SOURCES = tests/unit/test-engine-step.c $(engine_cluster_sources)
tests_unit_test_engine_step_LDADD = libengine.a libbase.a $(CMOCKA_LIBS)
tests_unit_test_engine_copy_SOURCES = tests/unit/test-engine-copy.c tests/unit/wire-samples.c tests/unit/wire-samples.h \
	src/engine/duplicate.c src/engine/duplicate.h $(engine_cluster_sources)
tests_unit_test_engine_copy_LDADD = libengine.a libbase.a $(CMOCKA_LIBS)
tests_unit_test_engine_fields_LDADD = libengine.a libbase.a $(CMOCKA_LIBS)
tests_unit_test_engine_messages_SOURCES = tests/unit/test-engine-messages.c $(engine_cluster_sources)
tests_unit_test_engine_messages_LDADD = libengine.a libbase.a $(CMOCKA_LIBS)
tests_unit_test_engine_verdict_SOURCES = tests/unit/test-engine-verdict.c src/engine/duplicate.c src/engine/duplicate.h \
	$(engine_cluster_sources)
tests_unit_test_engine_verdict_LDADD = libengine.a libbase.a $(CMOCKA_LIBS)
tests_unit_test_engine_words_SOURCES = tests/unit/test-engine-words.c $(engine_cluster_sources)
tests_unit_test_engine_words_LDADD = libengine.a libbase.a $(CMOCKA_LIBS)
# Allocations of our own code go through tests/unit/failing-memory.c.
failing_memory_sources = tests/unit/failing-memory.c tests/unit/failing-memory.h
failing_memory_link = $(AM_LDFLAGS) \
	-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=strdup,--wrap=strndup,--wrap=vasprintf
tests_unit_test_engine_memory_SOURCES = tests/unit/test-engine-memory.c tests/unit/wire-samples.c tests/unit/wire-samples.h \
	src/engine/duplicate.c src/engine/duplicate.h $(failing_memory_sources) $(engine_cluster_sources)
tests_unit_test_engine_memory_LDFLAGS = $(failing_memory_link) -Wl,--wrap=engine_step
tests_unit_test_engine_memory_LDADD = libengine.a libbase.a $(CMOCKA_LIBS)
# The agreed wing: all its objects, and nothing above them.
tests_unit_test_agreed_SOURCES = tests/unit/test-agreed.c $(agreed_sources)
tests_unit_test_agreed_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_agreed_LDADD = libbase.a $(CMOCKA_LIBS)
# The same of the wings above it.
tests_unit_test_member_SOURCES = tests/unit/test-member.c $(member_sources) $(agreed_sources)
tests_unit_test_member_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_member_LDADD = libbase.a $(CMOCKA_LIBS)
tests_unit_test_local_SOURCES = tests/unit/test-local.c $(local_sources) $(member_sources) $(agreed_sources)
tests_unit_test_local_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_local_LDADD = libbase.a $(CMOCKA_LIBS)
