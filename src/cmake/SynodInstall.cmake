# The CMake package that find_package(synod CONFIG) finds after installation.

include(CMakePackageConfigHelpers)
include(GNUInstallDirs)
set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/synod")

configure_package_config_file(
  "${PROJECT_SOURCE_DIR}/src/cmake/SynodConfig.cmake.in"
  "${PROJECT_BINARY_DIR}/synod-config.cmake"
  INSTALL_DESTINATION "${package_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/synod-config-version.cmake"
  COMPATIBILITY SameMinorVersion)

install(FILES
  "${PROJECT_BINARY_DIR}/synod-config.cmake"
  "${PROJECT_BINARY_DIR}/synod-config-version.cmake"
  DESTINATION "${package_dir}" COMPONENT base)
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}" COMPONENT base)
