#include "rules/attack.h"

#include <string.h>

#include "sensor/core/bytes.h"

/*
 * MITRE ATT&CK for ICS, version 18, sorted by id.  A technique that serves several
 * tactics stands with the first the matrix names.
 */
/* clang-format off */
const struct technique attack_techniques[] = {
    {"T0800", "Activate Firmware Update Mode", "TA0107", "Inhibit Response Function"},
    {"T0801", "Monitor Process State", "TA0100", "Collection"},
    {"T0802", "Automated Collection", "TA0100", "Collection"},
    {"T0803", "Block Command Message", "TA0107", "Inhibit Response Function"},
    {"T0804", "Block Reporting Message", "TA0107", "Inhibit Response Function"},
    {"T0805", "Block Serial COM", "TA0107", "Inhibit Response Function"},
    {"T0806", "Brute Force I/O", "TA0106", "Impair Process Control"},
    {"T0807", "Command-Line Interface", "TA0104", "Execution"},
    {"T0809", "Data Destruction", "TA0107", "Inhibit Response Function"},
    {"T0811", "Data from Information Repositories", "TA0100", "Collection"},
    {"T0812", "Default Credentials", "TA0109", "Lateral Movement"},
    {"T0813", "Denial of Control", "TA0105", "Impact"},
    {"T0814", "Denial of Service", "TA0107", "Inhibit Response Function"},
    {"T0815", "Denial of View", "TA0105", "Impact"},
    {"T0816", "Device Restart/Shutdown", "TA0107", "Inhibit Response Function"},
    {"T0817", "Drive-by Compromise", "TA0108", "Initial Access"},
    {"T0819", "Exploit Public-Facing Application", "TA0108", "Initial Access"},
    {"T0820", "Exploitation for Evasion", "TA0103", "Evasion"},
    {"T0821", "Modify Controller Tasking", "TA0104", "Execution"},
    {"T0822", "External Remote Services", "TA0108", "Initial Access"},
    {"T0823", "Graphical User Interface", "TA0104", "Execution"},
    {"T0826", "Loss of Availability", "TA0105", "Impact"},
    {"T0827", "Loss of Control", "TA0105", "Impact"},
    {"T0828", "Loss of Productivity and Revenue", "TA0105", "Impact"},
    {"T0829", "Loss of View", "TA0105", "Impact"},
    {"T0830", "Adversary-in-the-Middle", "TA0100", "Collection"},
    {"T0831", "Manipulation of Control", "TA0105", "Impact"},
    {"T0832", "Manipulation of View", "TA0105", "Impact"},
    {"T0834", "Native API", "TA0104", "Execution"},
    {"T0835", "Manipulate I/O Image", "TA0107", "Inhibit Response Function"},
    {"T0836", "Modify Parameter", "TA0106", "Impair Process Control"},
    {"T0837", "Loss of Protection", "TA0105", "Impact"},
    {"T0838", "Modify Alarm Settings", "TA0107", "Inhibit Response Function"},
    {"T0839", "Module Firmware", "TA0110", "Persistence"},
    {"T0840", "Network Connection Enumeration", "TA0102", "Discovery"},
    {"T0842", "Network Sniffing", "TA0102", "Discovery"},
    {"T0843", "Program Download", "TA0109", "Lateral Movement"},
    {"T0845", "Program Upload", "TA0100", "Collection"},
    {"T0846", "Remote System Discovery", "TA0102", "Discovery"},
    {"T0847", "Replication Through Removable Media", "TA0108", "Initial Access"},
    {"T0848", "Rogue Master", "TA0108", "Initial Access"},
    {"T0849", "Masquerading", "TA0103", "Evasion"},
    {"T0851", "Rootkit", "TA0103", "Evasion"},
    {"T0852", "Screen Capture", "TA0100", "Collection"},
    {"T0853", "Scripting", "TA0104", "Execution"},
    {"T0855", "Unauthorized Command Message", "TA0106", "Impair Process Control"},
    {"T0856", "Spoof Reporting Message", "TA0103", "Evasion"},
    {"T0857", "System Firmware", "TA0110", "Persistence"},
    {"T0858", "Change Operating Mode", "TA0104", "Execution"},
    {"T0859", "Valid Accounts", "TA0110", "Persistence"},
    {"T0860", "Wireless Compromise", "TA0108", "Initial Access"},
    {"T0861", "Point & Tag Identification", "TA0100", "Collection"},
    {"T0862", "Supply Chain Compromise", "TA0108", "Initial Access"},
    {"T0863", "User Execution", "TA0104", "Execution"},
    {"T0864", "Transient Cyber Asset", "TA0108", "Initial Access"},
    {"T0865", "Spearphishing Attachment", "TA0108", "Initial Access"},
    {"T0866", "Exploitation of Remote Services", "TA0108", "Initial Access"},
    {"T0867", "Lateral Tool Transfer", "TA0109", "Lateral Movement"},
    {"T0868", "Detect Operating Mode", "TA0100", "Collection"},
    {"T0869", "Standard Application Layer Protocol", "TA0101", "Command and Control"},
    {"T0871", "Execution through API", "TA0104", "Execution"},
    {"T0872", "Indicator Removal on Host", "TA0103", "Evasion"},
    {"T0873", "Project File Infection", "TA0110", "Persistence"},
    {"T0874", "Hooking", "TA0104", "Execution"},
    {"T0877", "I/O Image", "TA0100", "Collection"},
    {"T0878", "Alarm Suppression", "TA0107", "Inhibit Response Function"},
    {"T0879", "Damage to Property", "TA0105", "Impact"},
    {"T0880", "Loss of Safety", "TA0105", "Impact"},
    {"T0881", "Service Stop", "TA0107", "Inhibit Response Function"},
    {"T0882", "Theft of Operational Information", "TA0105", "Impact"},
    {"T0883", "Internet Accessible Device", "TA0108", "Initial Access"},
    {"T0884", "Connection Proxy", "TA0101", "Command and Control"},
    {"T0885", "Commonly Used Port", "TA0101", "Command and Control"},
    {"T0886", "Remote Services", "TA0108", "Initial Access"},
    {"T0887", "Wireless Sniffing", "TA0102", "Discovery"},
    {"T0888", "Remote System Information Discovery", "TA0102", "Discovery"},
    {"T0889", "Modify Program", "TA0110", "Persistence"},
    {"T0890", "Exploitation for Privilege Escalation", "TA0111", "Privilege Escalation"},
    {"T0891", "Hardcoded Credentials", "TA0109", "Lateral Movement"},
    {"T0892", "Change Credential", "TA0107", "Inhibit Response Function"},
    {"T0893", "Data from Local System", "TA0100", "Collection"},
    {"T0894", "System Binary Proxy Execution", "TA0103", "Evasion"},
    {"T0895", "Autorun Image", "TA0104", "Execution"},
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
