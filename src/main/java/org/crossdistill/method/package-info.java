/**
 * Distillation methods: which losses on which outputs with which weights. A method owns its
 * networks and says what a step does; it steps no optimiser and reads no data.
 */
package org.crossdistill.method;
