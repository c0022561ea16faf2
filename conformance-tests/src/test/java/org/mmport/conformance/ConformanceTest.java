package org.mmport.conformance;

/** The suite on every port on the class path, as a port of somebody else would run it. */
class ConformanceTest extends PortConformance {}
