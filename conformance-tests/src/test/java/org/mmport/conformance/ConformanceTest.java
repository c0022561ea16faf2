package org.mmport.conformance;

/** The suite on every port here: all that a port's own module needs is such a class. */
class ConformanceTest extends PortConformance {}
