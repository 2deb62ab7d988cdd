#include <pybuffer/pybuffer.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
    puts(pybuffer_version());
    return strcmp(pybuffer_version(), PYBUFFER_VERSION) != 0;
}
