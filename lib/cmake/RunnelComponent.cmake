# runnel_component(NAME [LINK targets...]): one static library per folder of lib/, from every .cc in
# it, named runnel_NAME and runnel::NAME. Folders without sources yet are skipped.
# runnel_test(FOLDER [LINK targets...]): one test program per folder of test/.

function(runnel_compile_options target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wconversion -Werror)
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    target_compile_options(${target} PRIVATE -Wthread-safety -Wno-sign-conversion)
  else()
    # -Wrestrict of GCC 12 is wrong about assigning literals to std::string (GCC bug 105651).
    target_compile_options(${target} PRIVATE -Wno-sign-conversion -Wno-restrict)
  endif()
  if(RUNNEL_SANITIZE)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      # g++ 12 with sanitizers takes members of std::regex and std::optional for uninitialised.
      target_compile_options(${target} PRIVATE -Wno-maybe-uninitialized)
    endif()
    target_compile_options(${target} PUBLIC -fsanitize=${RUNNEL_SANITIZE} -fno-omit-frame-pointer
                                            -fno-sanitize-recover=all)
    target_link_options(${target} PUBLIC -fsanitize=${RUNNEL_SANITIZE})
  endif()
endfunction()

function(runnel_component name)
  cmake_parse_arguments(ARG "" "" "LINK;PRIVATE_LINK" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc
       ${CMAKE_CURRENT_SOURCE_DIR}/*/*.cc)
  if(NOT sources)
    return()
  endif()
  add_library(runnel_${name} STATIC ${sources})
  add_library(runnel::${name} ALIAS runnel_${name})
  set_target_properties(runnel_${name} PROPERTIES EXPORT_NAME ${name})
  target_include_directories(runnel_${name}
    PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>
    PRIVATE ${PROJECT_SOURCE_DIR}/lib)
  target_compile_features(runnel_${name} PUBLIC cxx_std_20)
  foreach(dependency ${ARG_LINK})
    if(NOT dependency MATCHES "^runnel::" OR TARGET ${dependency})
      target_link_libraries(runnel_${name} PUBLIC ${dependency})
    endif()
  endforeach()
  target_link_libraries(runnel_${name} PRIVATE ${ARG_PRIVATE_LINK})
  runnel_compile_options(runnel_${name})
  set_property(GLOBAL APPEND PROPERTY RUNNEL_COMPONENTS runnel_${name})
endfunction()

function(runnel_test folder)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/*_test.cc)
  if(NOT sources)
    return()
  endif()
  set(target ${folder}_test)
  add_executable(${target} ${sources})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/lib ${PROJECT_SOURCE_DIR}/test)
  target_link_libraries(${target} PRIVATE runnel_test_main ${ARG_LINK})
  runnel_compile_options(${target})
  add_test(NAME ${folder} COMMAND ${target})
  # The cases with real threads once more by themselves: what runs under the thread sanitizer.
  foreach(source ${sources})
    file(STRINGS ${source} tagged REGEX "\\[threads\\]" LIMIT_COUNT 1)
    if(tagged AND NOT TEST ${folder}_threads)
      add_test(NAME ${folder}_threads COMMAND ${target} "[threads]")
      set_tests_properties(${folder}_threads PROPERTIES LABELS threads)
      set_property(GLOBAL APPEND PROPERTY RUNNEL_THREAD_TESTS ${target})
    endif()
  endforeach()
endfunction()
