# The sources are the archive of `make dist` beside it. It builds with the Rust that is installed, and fetches nothing.
set(VCPKG_BUILD_TYPE release) # one build serves release and debug builds of programs
vcpkg_extract_source_archive(SOURCE_PATH ARCHIVE "${CURRENT_PORT_DIR}/pybuffer-${VERSION}.tar.gz")

vcpkg_execute_required_process(COMMAND make libraries prefixed
  WORKING_DIRECTORY "${SOURCE_PATH}" LOGNAME "build-${TARGET_TRIPLET}")
# Without the program pybuffer, which belongs into a package of tools.
vcpkg_execute_required_process(COMMAND make install "PREFIX=${CURRENT_PACKAGES_DIR}" CXX=
  WORKING_DIRECTORY "${SOURCE_PATH}" LOGNAME "install-${TARGET_TRIPLET}")

if(VCPKG_LIBRARY_LINKAGE STREQUAL "static")
  file(GLOB unused "${CURRENT_PACKAGES_DIR}/lib/*.so*")
else()
  file(GLOB unused "${CURRENT_PACKAGES_DIR}/lib/*.a")
endif()
file(REMOVE ${unused})

# Packages of vcpkg have these files in share/NAME, which is one folder nearer to the prefix.
file(MAKE_DIRECTORY "${CURRENT_PACKAGES_DIR}/share")
file(RENAME "${CURRENT_PACKAGES_DIR}/lib/cmake/pybuffer" "${CURRENT_PACKAGES_DIR}/share/pybuffer")
vcpkg_replace_string("${CURRENT_PACKAGES_DIR}/share/pybuffer/pybufferConfig.cmake" "/../../..\"" "/../..\"")
file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/lib/cmake")
vcpkg_fixup_pkgconfig()
file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/share/doc" "${CURRENT_PACKAGES_DIR}/share/man")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE-MIT" "${SOURCE_PATH}/LICENSE-APACHE" "${SOURCE_PATH}/packaging/THIRD-PARTY")
