# tenon_add_connector(<name> SOURCES <file>… [MANIFEST manifest.json] [LIBS …]): a tenon plugin, <name>.so.
#
# Needs nothing but this SDK: works inside the tree, from an installed copy (find_package(tenon-sdk)) and by include().
# The file goes to TENON_PLUGIN_OUTPUT_DIRECTORY, or stays in the binary directory if that is not set.
include_guard(GLOBAL)
get_filename_component(TENON_SDK_DIR "${CMAKE_CURRENT_LIST_DIR}/.." ABSOLUTE)
set(TENON_SDK_CMAKE_DIR "${CMAKE_CURRENT_LIST_DIR}")

if(NOT TARGET tenon::sdk)
  add_library(tenon_sdk INTERFACE)
  if(PROJECT_NAME STREQUAL tenon)
    target_include_directories(tenon_sdk INTERFACE "${TENON_SDK_DIR}/include")
  else()
    target_include_directories(tenon_sdk SYSTEM INTERFACE "${TENON_SDK_DIR}/include")
  endif()
  target_compile_features(tenon_sdk INTERFACE cxx_std_20)
  add_library(tenon::sdk ALIAS tenon_sdk)
endif()

# Writes a C file that embeds `manifest` as a section which takes no memory and survives --gc-sections ("R", retain).
function(tenon_embed_manifest target manifest)
  get_filename_component(manifest "${manifest}" ABSOLUTE BASE_DIR "${CMAKE_CURRENT_SOURCE_DIR}")
  file(READ "${manifest}" text)
  string(JSON name ERROR_VARIABLE error GET "${text}" name)
  if(error)
    message(FATAL_ERROR "${manifest}: ${error}")
  endif()
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${manifest}")
  set(file "${CMAKE_CURRENT_BINARY_DIR}/${target}_manifest.cpp")
  file(CONFIGURE OUTPUT "${file}" @ONLY CONTENT [[
__asm__(
    ".pushsection .tenon.manifest,\"R\",@progbits\n"
    ".incbin \"@manifest@\"\n"
    ".popsection\n");
]])
  set_source_files_properties("${file}" PROPERTIES OBJECT_DEPENDS "${manifest}")
  target_sources(${target} PRIVATE "${file}")
endfunction()

function(tenon_add_connector name)
  cmake_parse_arguments(arg "" "MANIFEST" "SOURCES;LIBS" ${ARGN})
  if(NOT arg_SOURCES)
    message(FATAL_ERROR "tenon_add_connector(${name}): SOURCES are missing")
  endif()
  if(NOT arg_MANIFEST)
    set(arg_MANIFEST manifest.json)
  endif()
  set(target tenon_plugin_${name})
  add_library(${target} MODULE ${arg_SOURCES})
  target_link_libraries(${target} PRIVATE tenon::sdk ${arg_LIBS})
  tenon_embed_manifest(${target} "${arg_MANIFEST}")
  set_target_properties(${target} PROPERTIES
    PREFIX "" OUTPUT_NAME ${name} SUFFIX .so
    CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON POSITION_INDEPENDENT_CODE ON CXX_EXTENSIONS OFF
    LINK_DEPENDS "${TENON_SDK_CMAKE_DIR}/plugin.map")
  if(TENON_PLUGIN_OUTPUT_DIRECTORY)
    set_target_properties(${target} PROPERTIES LIBRARY_OUTPUT_DIRECTORY "${TENON_PLUGIN_OUTPUT_DIRECTORY}")
  endif()
  # One exported symbol; no symbol left to chance. Sanitizers' runtimes live in the host, hence the exception.
  target_link_options(${target} PRIVATE "-Wl,--version-script=${TENON_SDK_CMAKE_DIR}/plugin.map")
  if(NOT TENON_SANITIZE AND NOT "${CMAKE_CXX_FLAGS}${CMAKE_MODULE_LINKER_FLAGS}" MATCHES "-fsanitize")
    target_link_options(${target} PRIVATE -Wl,--no-undefined)
  endif()
  install(TARGETS ${target} LIBRARY DESTINATION lib/tenon)
  if(TARGET products)
    add_dependencies(products ${target})
  endif()
endfunction()

# tenon_add_connector_test(<name> SOURCES <file>…): the connector's own sources and its tests in one GoogleTest binary, so
# that sanitizers and debuggers see everything. Tests find the connector's folder in TENON_CONNECTOR_DIR.
function(tenon_add_connector_test name)
  cmake_parse_arguments(arg "" "" "SOURCES" ${ARGN})
  find_package(GTest REQUIRED)
  get_target_property(sources tenon_plugin_${name} SOURCES)
  get_target_property(libs tenon_plugin_${name} LINK_LIBRARIES)
  set(target tenon_plugin_${name}_test)
  add_executable(${target} ${sources} ${arg_SOURCES})
  target_link_libraries(${target} PRIVATE ${libs} GTest::gtest_main)
  target_include_directories(${target} PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}")
  target_compile_definitions(${target} PRIVATE TENON_CONNECTOR_DIR="${CMAKE_CURRENT_SOURCE_DIR}")
  add_test(NAME plugin_${name} COMMAND ${target})
  set_tests_properties(plugin_${name} PROPERTIES LABELS unit TIMEOUT 300)
endfunction()
