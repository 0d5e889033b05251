#include <stdio.h>

int main(void)
{
    puts("sightglass");
    return 0;
}
