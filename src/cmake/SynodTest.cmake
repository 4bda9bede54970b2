# synod_add_test(<name> SOURCES <files...> LIBRARIES <targets...> [LABELS <labels...>] [SERIAL])
#
# A GoogleTest executable; each of its test cases is a test of ctest's. For each label, the target
# tests_<label> builds the executables that carry it: `core` and `tsan` are what runs under
# ThreadSanitizer. With SERIAL, nothing else runs at the same time.
function(synod_add_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "SERIAL" "" "SOURCES;LIBRARIES;LABELS")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "synod_add_test(${name}): unknown argument ${arg_UNPARSED_ARGUMENTS}")
  endif()

  add_executable(${name} ${arg_SOURCES})
  set_target_properties(${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests/bin")
  # Tests may see private headers: "src/event_loop.h", "tests/support/faulty_file_system.h".
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}")
  target_link_libraries(${name} PRIVATE ${arg_LIBRARIES} GTest::gtest_main GTest::gmock)
  synod_set_warnings(${name})
  # Compiling a test at -O3 costs more than it saves in running it; what runs long is in libraries.
  target_compile_options(${name} PRIVATE -O1)
  # Tests say `for (NodeId node : {1, 2})`.
  target_compile_options(${name} PRIVATE $<$<CXX_COMPILER_ID:Clang>:-Wno-sign-conversion>)

  foreach(label IN LISTS arg_LABELS)
    if(NOT TARGET tests_${label})
      add_custom_target(tests_${label})
    endif()
    add_dependencies(tests_${label} ${name})
  endforeach()

  # A test that hangs ends after TIMEOUT; none comes near it otherwise, even under a sanitizer.
  gtest_discover_tests(${name} TEST_PREFIX "${name}/" NO_PRETTY_VALUES DISCOVERY_TIMEOUT 120
    PROPERTIES TIMEOUT 600 RUN_SERIAL ${arg_SERIAL})
  # Not as a property above: what is passed there cannot be a list.
  file(WRITE "${CMAKE_CURRENT_BINARY_DIR}/${name}_labels.cmake"
    "if(${name}_TESTS)\n"
    "  set_tests_properties(\${${name}_TESTS} PROPERTIES LABELS \"${arg_LABELS}\")\n"
    "endif()\n")
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES
    "${CMAKE_CURRENT_BINARY_DIR}/${name}_labels.cmake")
endfunction()
