#include "rules/attack.h"

#include <string.h>

/* MITRE ATT&CK for ICS, version 18, sorted by id. */
/* clang-format off */
const struct technique attack_techniques[] = {
    {"T0800", "Activate Firmware Update Mode", {"TA0107"}},
    {"T0801", "Monitor Process State", {"TA0100"}},
    {"T0802", "Automated Collection", {"TA0100"}},
    {"T0803", "Block Command Message", {"TA0107"}},
    {"T0804", "Block Reporting Message", {"TA0107"}},
    {"T0805", "Block Serial COM", {"TA0107"}},
    {"T0806", "Brute Force I/O", {"TA0106"}},
    {"T0807", "Command-Line Interface", {"TA0104"}},
    {"T0809", "Data Destruction", {"TA0107"}},
    {"T0811", "Data from Information Repositories", {"TA0100"}},
    {"T0812", "Default Credentials", {"TA0109"}},
    {"T0813", "Denial of Control", {"TA0105"}},
    {"T0814", "Denial of Service", {"TA0107"}},
    {"T0815", "Denial of View", {"TA0105"}},
    {"T0816", "Device Restart/Shutdown", {"TA0107"}},
    {"T0817", "Drive-by Compromise", {"TA0108"}},
    {"T0819", "Exploit Public-Facing Application", {"TA0108"}},
    {"T0820", "Exploitation for Evasion", {"TA0103"}},
    {"T0821", "Modify Controller Tasking", {"TA0104"}},
    {"T0822", "External Remote Services", {"TA0108"}},
    {"T0823", "Graphical User Interface", {"TA0104"}},
    {"T0826", "Loss of Availability", {"TA0105"}},
    {"T0827", "Loss of Control", {"TA0105"}},
    {"T0828", "Loss of Productivity and Revenue", {"TA0105"}},
    {"T0829", "Loss of View", {"TA0105"}},
    {"T0830", "Adversary-in-the-Middle", {"TA0100"}},
    {"T0831", "Manipulation of Control", {"TA0105"}},
    {"T0832", "Manipulation of View", {"TA0105"}},
    {"T0834", "Native API", {"TA0104"}},
    {"T0835", "Manipulate I/O Image", {"TA0107"}},
    {"T0836", "Modify Parameter", {"TA0106"}},
    {"T0837", "Loss of Protection", {"TA0105"}},
    {"T0838", "Modify Alarm Settings", {"TA0107"}},
    {"T0839", "Module Firmware", {"TA0110", "TA0106"}},
    {"T0840", "Network Connection Enumeration", {"TA0102"}},
    {"T0842", "Network Sniffing", {"TA0102"}},
    {"T0843", "Program Download", {"TA0109"}},
    {"T0845", "Program Upload", {"TA0100"}},
    {"T0846", "Remote System Discovery", {"TA0102"}},
    {"T0847", "Replication Through Removable Media", {"TA0108"}},
    {"T0848", "Rogue Master", {"TA0108"}},
    {"T0849", "Masquerading", {"TA0103"}},
    {"T0851", "Rootkit", {"TA0103", "TA0107"}},
    {"T0852", "Screen Capture", {"TA0100"}},
    {"T0853", "Scripting", {"TA0104"}},
    {"T0855", "Unauthorized Command Message", {"TA0106"}},
    {"T0856", "Spoof Reporting Message", {"TA0103", "TA0106"}},
    {"T0857", "System Firmware", {"TA0110", "TA0107"}},
    {"T0858", "Change Operating Mode", {"TA0104", "TA0103"}},
    {"T0859", "Valid Accounts", {"TA0110", "TA0109"}},
    {"T0860", "Wireless Compromise", {"TA0108"}},
    {"T0861", "Point & Tag Identification", {"TA0100"}},
    {"T0862", "Supply Chain Compromise", {"TA0108"}},
    {"T0863", "User Execution", {"TA0104"}},
    {"T0864", "Transient Cyber Asset", {"TA0108"}},
    {"T0865", "Spearphishing Attachment", {"TA0108"}},
    {"T0866", "Exploitation of Remote Services", {"TA0108", "TA0109"}},
    {"T0867", "Lateral Tool Transfer", {"TA0109"}},
    {"T0868", "Detect Operating Mode", {"TA0100"}},
    {"T0869", "Standard Application Layer Protocol", {"TA0101"}},
    {"T0871", "Execution through API", {"TA0104"}},
    {"T0872", "Indicator Removal on Host", {"TA0103"}},
    {"T0873", "Project File Infection", {"TA0110"}},
    {"T0874", "Hooking", {"TA0104", "TA0111"}},
    {"T0877", "I/O Image", {"TA0100"}},
    {"T0878", "Alarm Suppression", {"TA0107"}},
    {"T0879", "Damage to Property", {"TA0105"}},
    {"T0880", "Loss of Safety", {"TA0105"}},
    {"T0881", "Service Stop", {"TA0107"}},
    {"T0882", "Theft of Operational Information", {"TA0105"}},
    {"T0883", "Internet Accessible Device", {"TA0108"}},
    {"T0884", "Connection Proxy", {"TA0101"}},
    {"T0885", "Commonly Used Port", {"TA0101"}},
    {"T0886", "Remote Services", {"TA0108", "TA0109"}},
    {"T0887", "Wireless Sniffing", {"TA0102", "TA0100"}},
    {"T0888", "Remote System Information Discovery", {"TA0102"}},
    {"T0889", "Modify Program", {"TA0110"}},
    {"T0890", "Exploitation for Privilege Escalation", {"TA0111"}},
    {"T0891", "Hardcoded Credentials", {"TA0109", "TA0110"}},
    {"T0892", "Change Credential", {"TA0107"}},
    {"T0893", "Data from Local System", {"TA0100"}},
    {"T0894", "System Binary Proxy Execution", {"TA0103"}},
    {"T0895", "Autorun Image", {"TA0104"}},
};

static const struct tactic tactics[] = {
    {"TA0100", "Collection"},
    {"TA0101", "Command and Control"},
    {"TA0102", "Discovery"},
    {"TA0103", "Evasion"},
    {"TA0104", "Execution"},
    {"TA0105", "Impact"},
    {"TA0106", "Impair Process Control"},
    {"TA0107", "Inhibit Response Function"},
    {"TA0108", "Initial Access"},
    {"TA0109", "Lateral Movement"},
    {"TA0110", "Persistence"},
    {"TA0111", "Privilege Escalation"},
};
/* clang-format on */

const unsigned attack_ntechniques = COUNT_OF(attack_techniques);

const struct technique *attack_technique(const char *id)
{
    unsigned low = 0, high = attack_ntechniques;

    while (low < high) {
        unsigned middle = (low + high) / 2;
        int order = strcmp(attack_techniques[middle].id, id);

        if (order == 0)
            return &attack_techniques[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const char *attack_tactic(const char *id)
{
    for (unsigned i = 0; i < COUNT_OF(tactics); i++) {
        if (strcmp(tactics[i].id, id) == 0)
            return tactics[i].name;
    }
    return NULL;
}
