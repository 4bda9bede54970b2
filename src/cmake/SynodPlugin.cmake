# synod_add_plugin(<name> SOURCES <files...> LIBRARIES <targets...> [PACKAGES <packages...>]
#   [COMPONENTS <plugins...>])
#
# A log store or a transport: the library synod_<name>, known as synod::<name> in this tree and in
# the installed package alike, where it is the component <name>. Its public headers are below
# include/ of the calling folder. PACKAGES are what find_package must find before it can be linked:
# here, and once it is installed, if the component is asked for. COMPONENTS are the plugins that it is
# a part of, whose headers its own include.
function(synod_add_plugin name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBRARIES;PACKAGES;COMPONENTS")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "synod_add_plugin(${name}): unknown argument ${arg_UNPARSED_ARGUMENTS}")
  endif()

  foreach(package IN LISTS arg_PACKAGES)
    synod_require_package(${package} FOR "The plugin ${name}")
  endforeach()

  add_library(synod_${name} ${arg_SOURCES})
  add_library(synod::${name} ALIAS synod_${name})
  set_target_properties(synod_${name} PROPERTIES EXPORT_NAME ${name})
  target_include_directories(synod_${name} PUBLIC
    $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include>
    $<INSTALL_INTERFACE:include>)
  list(TRANSFORM arg_COMPONENTS PREPEND synod:: OUTPUT_VARIABLE components)
  target_link_libraries(synod_${name} PUBLIC synod::synod ${components} PRIVATE ${arg_LIBRARIES})
  synod_set_warnings(synod_${name})

  synod_install_component(${name} TARGETS synod_${name}
    HEADERS "${CMAKE_CURRENT_SOURCE_DIR}/include/" PACKAGES ${arg_PACKAGES}
    COMPONENTS ${arg_COMPONENTS})
endfunction()

# synod_install_component(<name> TARGETS <targets...> HEADERS <folder> [BELOW <folder>]
#   [EXCEPT <folder>] [PACKAGES <packages...>] [COMPONENTS <components...>])
#
# Installs the targets as a part of the CMake package that can be present, found and linked without
# the others, but for the COMPONENTS whose targets they link. What is in the folder of HEADERS goes
# to the folder for headers, or BELOW it, without its subfolder EXCEPT, which is another component's.
function(synod_install_component name)
  if(NOT SYNOD_INSTALL)
    return()
  endif()
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "HEADERS;BELOW;EXCEPT" "TARGETS;PACKAGES;COMPONENTS")
  include(GNUInstallDirs)
  set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/synod")

  set(except "")
  if(arg_EXCEPT)
    set(except PATTERN "${arg_EXCEPT}" EXCLUDE)
  endif()
  install(TARGETS ${arg_TARGETS} EXPORT synod-${name} COMPONENT ${name})
  install(DIRECTORY "${arg_HEADERS}" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/${arg_BELOW}"
    COMPONENT ${name} ${except})
  install(EXPORT synod-${name} NAMESPACE synod:: FILE synod-${name}-targets.cmake
    DESTINATION "${package_dir}" COMPONENT ${name})

  set(description "${CMAKE_CURRENT_BINARY_DIR}/synod-${name}-packages.cmake")
  file(WRITE "${description}"
    "# What the targets of this component link.\n"
    "set(synod_${name}_PACKAGES ${arg_PACKAGES})\n"
    "set(synod_${name}_COMPONENTS ${arg_COMPONENTS})\n")
  install(FILES "${description}" DESTINATION "${package_dir}" COMPONENT ${name})
endfunction()
