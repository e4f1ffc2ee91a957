/* Layouts of the Report interface; see the header. */
#include <kin/interface/report.h>

KIN_INTERFACE_DEFINE(report, "Report", 1, REPORT_OPERATIONS)
