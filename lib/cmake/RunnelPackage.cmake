# runnel::runnel, everything a plain embedder needs, and how it is installed: headers, static
# libraries, runnelConfig.cmake for find_package(runnel CONFIG) and runnel.pc for pkg-config.
include(CMakePackageConfigHelpers)

set(RUNNEL_CMAKE_DIR ${CMAKE_CURRENT_LIST_DIR})

# Makes runnel::runnel from the components built so far. Without broker or client there is nothing
# to embed, and no such target.
function(runnel_umbrella)
  if(NOT TARGET runnel::client OR NOT TARGET runnel::broker)
    return()
  endif()
  add_library(runnel_all INTERFACE)
  add_library(runnel::runnel ALIAS runnel_all)
  set_target_properties(runnel_all PROPERTIES EXPORT_NAME runnel)
  target_link_libraries(runnel_all INTERFACE runnel::client)
endfunction()

# What runnel.pc says of the libraries underneath: names pkg-config knows.
function(runnel_pkgconfig_requires result)
  set(requires absl_status absl_statusor absl_strings absl_flat_hash_map absl_flat_hash_set
      absl_synchronization absl_any_invocable absl_cord absl_btree absl_inlined_vector
      absl_function_ref liblz4)
  if(ZSTD_FOUND)
    list(APPEND requires libzstd)
  endif()
  if(ZLIB_FOUND)
    list(APPEND requires zlib)
  endif()
  if(TARGET Snappy::snappy)
    list(APPEND requires snappy)
  endif()
  if(RUNNEL_BUILT_WITH_ROCKSDB)
    list(APPEND requires rocksdb)
  endif()
  list(JOIN requires " " text)
  set(${result} ${text} PARENT_SCOPE)
endfunction()

# Installs the components that runnel::runnel needs. Call after the last component.
function(runnel_install)
  if(NOT TARGET runnel::runnel)
    return()
  endif()
  get_property(components GLOBAL PROPERTY RUNNEL_COMPONENTS)
  set(RUNNEL_BUILT_WITH_ROCKSDB OFF)
  if(TARGET PkgConfig::ROCKSDB)
    set(RUNNEL_BUILT_WITH_ROCKSDB ON)
  endif()

  install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/runnel
          DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
  install(TARGETS ${components} runnel_all EXPORT runnelTargets
          ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/runnel)
  install(EXPORT runnelTargets NAMESPACE runnel:: DESTINATION ${package_dir})
  configure_package_config_file(${RUNNEL_CMAKE_DIR}/runnelConfig.cmake.in
    ${CMAKE_CURRENT_BINARY_DIR}/runnelConfig.cmake INSTALL_DESTINATION ${package_dir})
  write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/runnelConfigVersion.cmake
    COMPATIBILITY SameMinorVersion)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/runnelConfig.cmake
                ${CMAKE_CURRENT_BINARY_DIR}/runnelConfigVersion.cmake
          DESTINATION ${package_dir})

  # Static libraries resolve from left to right: those on top first.
  list(REVERSE components)
  set(libraries "")
  foreach(component ${components})
    string(APPEND libraries " -l${component}")
  endforeach()
  runnel_pkgconfig_requires(RUNNEL_PC_REQUIRES)
  set(RUNNEL_PC_LIBS "${libraries}")
  configure_file(${RUNNEL_CMAKE_DIR}/runnel.pc.in ${CMAKE_CURRENT_BINARY_DIR}/runnel.pc @ONLY)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/runnel.pc
          DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endfunction()
