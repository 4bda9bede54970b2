# How every target of this project is compiled.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)

# A package that one folder finds is seen by all: tests link what a plugin links.
set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL ON)

if(PROJECT_IS_TOP_LEVEL)
  if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE Release)
  endif()
  set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
  set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

  find_program(SYNOD_CCACHE ccache)
  mark_as_advanced(SYNOD_CCACHE)
  if(SYNOD_CCACHE AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
    # Paths below the checkout are hashed as relative ones, so that every checkout of the project
    # shares what any of them has compiled.
    set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env
      "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}" CCACHE_NOHASHDIR=true "${SYNOD_CCACHE}")
  endif()
endif()

# Sanitizers are for all that is compiled here, since objects with and without do not mix.
if(SYNOD_SANITIZE STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all
    -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
elseif(SYNOD_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
elseif(SYNOD_SANITIZE)
  message(FATAL_ERROR "SYNOD_SANITIZE is '${SYNOD_SANITIZE}'; it may be address, thread or empty")
endif()

# Warnings are for this project's own sources, never for those of a user who links it. gcc 12 is
# wrong about std::string and absl::AnyInvocable as soon as it inlines them.
function(synod_set_warnings target)
  target_compile_options(${target} PRIVATE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>
    $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
    $<$<BOOL:${SYNOD_WARNINGS_AS_ERRORS}>:-Werror>)
endfunction()

# find_package for what this project cannot do without. There is no silent probing: what is enabled
# and cannot be built is an error, which says how to go on.
function(synod_require_package package)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "FOR" "")
  find_package(${package} QUIET)
  if(NOT ${package}_FOUND)
    message(FATAL_ERROR "${arg_FOR} needs ${package}, which was not found. Install it (on Debian, "
      "src/cmake/install-packages.sh installs all), tell CMAKE_PREFIX_PATH where it is, or turn off "
      "the option that asks for it: SYNOD_ROCKSDB, SYNOD_XDP, SYNOD_BUILD_TESTS, SYNOD_BUILD_EXAMPLES.")
  endif()
endfunction()
