# find_package(tenon-sdk) from an installed tenon, or with -Dtenon-sdk_DIR=<tree>/sdk/cmake.
include("${CMAKE_CURRENT_LIST_DIR}/TenonConnector.cmake")
